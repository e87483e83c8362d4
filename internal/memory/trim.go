package memory

/*
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static void trim(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
*/
import "C"

// trim has libc give back what it keeps of freed memory, where it can be told.
// https://man7.org/linux/man-pages/man3/malloc_trim.3.html
func trim() { C.trim() }
