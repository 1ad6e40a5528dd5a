/* A parent that single-steps its child (ptrace): in Linux on s390 that is program-event recording. Not for user-mode
   emulation, which has no ptrace. */
#include <asm/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void child(void)
{
	volatile long sum = 0;

	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (int i = 0; i < 10; i++)
		sum += i;
	_exit((int)sum);
}

int main(void)
{
	unsigned long last = 0;
	long steps = 0, repeated = 0, others = 0;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		child();
	waitpid(pid, &status, 0);
	for (; steps < 100000; steps++) {
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) < 0 || waitpid(pid, &status, 0) < 0 || WIFEXITED(status))
			break;
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
			others++;
		unsigned long address = ptrace(PTRACE_PEEKUSER, pid, (void *)PT_PSWADDR, 0);

		if (address == last)
			repeated++;
		last = address;
	}
	printf("exited %d with %d, enough steps %d, steps without progress %ld, other stops %ld\n", WIFEXITED(status), WEXITSTATUS(status),
	       steps > 50, repeated, others);
	return 0;
}
