package csqlite

/*
#include "flint_sqlite.h"
#include <stdlib.h>
*/
import "C"

import (
	"slices"
	"unsafe"
)

// Arg is the kind of argument that a pragma may have.
type Arg int

// Kinds of argument.
const (
	ArgNone                 Arg = C.FL_ARG_NONE
	ArgBoolean              Arg = C.FL_ARG_BOOLEAN
	ArgName                 Arg = C.FL_ARG_NAME
	ArgOptionalName         Arg = C.FL_ARG_OPTIONAL_NAME
	ArgOptionalNumber       Arg = C.FL_ARG_OPTIONAL_NUMBER
	ArgOptionalNumberOrName Arg = C.FL_ARG_OPTIONAL_NUMBER_OR_NAME
	ArgAny                  Arg = C.FL_ARG_ANY
)

// Policy is what the SQL of a user may do. It is made once for a process and
// never freed.
type Policy struct{ c *C.fl_policy }

// NewPolicy makes a Policy. The value of a function says whether its answer
// depends on what its connection did before.
func NewPolicy(functions map[string]bool, pragmas map[string]Arg, modules []string) *Policy {
	stateful := map[string]int{}
	for name, s := range functions {
		stateful[name] = 0
		if s {
			stateful[name] = 1
		}
	}
	kinds := map[string]int{}
	for name, kind := range pragmas {
		kinds[name] = int(kind)
	}
	known := map[string]int{}
	for _, name := range modules {
		known[name] = 1
	}
	p := (*C.fl_policy)(C.calloc(1, C.sizeof_fl_policy))
	p.functions = cNames(stateful)
	p.pragmas = cNames(kinds)
	p.modules = cNames(known)
	return &Policy{p}
}

func cNames(m map[string]int) C.fl_names {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	n := C.size_t(len(keys) + 1)
	names := (**C.char)(C.calloc(n, C.size_t(unsafe.Sizeof(uintptr(0)))))
	values := (*C.int)(C.calloc(n, C.sizeof_int))
	for i, k := range keys {
		unsafe.Slice(names, len(keys))[i] = C.CString(k)
		unsafe.Slice(values, len(keys))[i] = C.int(m[k])
	}
	return C.fl_names{name: names, value: values, n: C.int(len(keys))}
}
