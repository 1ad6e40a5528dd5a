/*
 * disk-speed DEVICE MEBIBYTES SECONDS: reads a block device past the page cache, and prints what it took:
 *
 *   sequential BYTES NANOSECONDS    one pass over MEBIBYTES with requests of 1 MiB
 *   random REQUESTS NANOSECONDS     requests of 4 KiB at random for SECONDS
 *   checksum SUM                    of what the pass over the disk read
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void read_at(int fd, void *buffer, size_t length, uint64_t offset)
{
	if (pread(fd, buffer, length, offset) != (ssize_t)length) {
		perror("read");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	const size_t large = 1 << 20, small = 4096;
	uint64_t start, size, sum = 0, requests = 0, random = 1;
	uint64_t *buffer;
	double seconds;
	int fd;

	if (argc != 4)
		return 2;
	size = strtoull(argv[2], 0, 10) << 20;
	seconds = strtod(argv[3], 0);
	fd = open(argv[1], O_RDONLY | O_DIRECT);
	buffer = aligned_alloc(4096, large);
	if (fd < 0 || !buffer) {
		perror(argv[1]);
		return 1;
	}

	start = now();
	for (uint64_t offset = 0; offset < size; offset += large) {
		read_at(fd, buffer, large, offset);
		sum = sum * 31 + buffer[offset / large % (large / sizeof(*buffer))];
	}
	printf("sequential %llu %llu\n", (unsigned long long)size, (unsigned long long)(now() - start));

	start = now();
	while (now() - start < seconds * 1e9) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		read_at(fd, buffer, small, (random >> 33) % (size / small) * small);
		requests++;
	}
	printf("random %llu %llu\n", (unsigned long long)requests, (unsigned long long)(now() - start));
	printf("checksum %llx\n", (unsigned long long)sum);
	return 0;
}
