/* POSIX threads: mutexes, conditions, barriers, read-write locks, thread-local storage, cancellation, semaphores. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 6, ROUNDS = 20000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static sem_t semaphore;
static long counter, table[16];
static atomic_long atomicCounter;
static _Thread_local long local = 100;
static int onceCount, destroyed, turn;

static void initialise(void) { onceCount++; }
static void destroy(void *value) {
  pthread_mutex_lock(&mutex);
  destroyed += (int)(long)value;
  pthread_mutex_unlock(&mutex);
}

static void *count(void *argument) {
  long id = (long)argument;
  pthread_once(&once, initialise);
  pthread_setspecific(key, (void *)(id + 1));
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
    atomic_fetch_add(&atomicCounter, id);
    local += id;
    if (i % 500 == 0) {
      pthread_rwlock_wrlock(&rwlock);
      for (int k = 0; k < 16; k++) table[k]++;
      pthread_rwlock_unlock(&rwlock);
    } else if (i % 50 == 0) {
      pthread_rwlock_rdlock(&rwlock);
      for (int k = 1; k < 16; k++)
        if (table[k] != table[0]) abort();
      pthread_rwlock_unlock(&rwlock);
    }
  }
  return (void *)local;
}

/* Threads that print in turns, each waking the next. */
static void *speak(void *argument) {
  int id = (int)(long)argument;
  for (int round = 0; round < 3; round++) {
    pthread_mutex_lock(&mutex);
    while (turn % THREADS != id) pthread_cond_wait(&condition, &mutex);
    printf("%d", id);
    turn++;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return 0;
}

static void *waitForEver(void *unused) {
  for (;;) pause();
  return unused;
}

static int queue[8], head, tail, produced;
static sem_t spaces, items;
static void *produce(void *unused) {
  for (int i = 1; i <= 5000; i++) {
    sem_wait(&spaces);
    queue[tail++ & 7] = i;
    sem_post(&items);
  }
  return unused;
}

int main(void) {
  pthread_t threads[THREADS];
  void *result;
  long sum = 0;
  pthread_barrier_init(&barrier, 0, THREADS);
  pthread_key_create(&key, destroy);
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, count, (void *)i);
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  printf("counter %ld atomic %ld locals %ld table %ld once %d destroyed %d own %ld\n", counter, (long)atomicCounter, sum, table[7], onceCount, destroyed, local);

  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, speak, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  printf("\n");

  pthread_create(&threads[0], 0, waitForEver, 0);
  pthread_cancel(threads[0]);
  pthread_join(threads[0], &result);
  printf("cancelled %d\n", result == PTHREAD_CANCELED);

  sem_init(&spaces, 0, 8);
  sem_init(&items, 0, 0);
  pthread_create(&threads[0], 0, produce, 0);
  for (int i = 1; i <= 5000; i++) {
    sem_wait(&items);
    produced += queue[head++ & 7] == i;
    sem_post(&spaces);
  }
  pthread_join(threads[0], 0);
  printf("in order %d\n", produced);

  sem_init(&semaphore, 0, 1);
  printf("semaphore %d %d\n", sem_trywait(&semaphore), sem_trywait(&semaphore));
  return 0;
}
