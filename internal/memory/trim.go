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

// trim makes glibc return freed memory to the system; nothing with other libcs.
// https://man7.org/linux/man-pages/man3/malloc_trim.3.html
func trim() { C.trim() }
