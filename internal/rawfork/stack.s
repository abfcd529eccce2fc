#include "textflag.h"
#include "funcdata.h"

// func growStack()
// The assembler puts the usual check of the stack in front of the frame.
TEXT ·growStack(SB), 0, $65536-0
	NO_LOCAL_POINTERS
	RET
