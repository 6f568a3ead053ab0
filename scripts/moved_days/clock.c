/* Preloaded into a process, moves its wall clock by MOVED_CLOCK seconds; the monotonic clock stays.

   libfaketime 0.9.10 is no help: it answers Python's time.sleep with EINVAL, and reads the unmoved clock inside a signal
   handler that interrupts a wait, where PostgreSQL looks whether a timeout is due: no lock_timeout ever fires. */
#define _GNU_SOURCE
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t offset;

__attribute__((constructor)) static void read_offset(void)
{
    const char *seconds = getenv("MOVED_CLOCK");
    offset = seconds ? atoll(seconds) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset;
    return (int)failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec moved;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &moved);
    now->tv_sec = moved.tv_sec;
    now->tv_usec = moved.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec moved;
    clock_gettime(CLOCK_REALTIME, &moved);
    if (now)
        *now = moved.tv_sec;
    return moved.tv_sec;
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until)
{
    struct timespec unmoved = {until->tv_sec - offset, until->tv_nsec};
    return sem_clockwait(semaphore, CLOCK_REALTIME, &unmoved);
}
