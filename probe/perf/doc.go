// Package perf counts context switches with perf_event_open(2): as a live series, and as the judge of what the rest of
// probe counts from /proc without any privilege.
//
// Two instruments:
//
//   - [Counter] keeps events on every thread of a process tree: all context switches, and for root the voluntary ones
//     apart. The kernel only adds; a reading costs one read(2) a thread and event.
//   - [Trace] records each single switch of the whole machine from the tracepoint sched:sched_switch, with the birth and
//     the end of every thread, and tells at the end who of a process tree switched how often, voluntarily or not. It is
//     exact or says that it is not: what a ring could not hold is counted in [Counts].Lost.
//
// Both need root, CAP_PERFMON or a kernel.perf_event_paranoid that is low enough, Trace also what it takes to read
// tracefs: [Try] tries them and [Supported] tells what is missing and how to allow it. There is no third answer: an
// event that is opened with exclude_kernel would be granted to everybody and read 0 for ever, because a switch happens
// in the kernel, so this package never asks for that.
//
// The way of a switch through a Trace:
//
//	CPU 0  sched_switch, fork, exit ──> ring 0 ──┐ drain (watermark, at the latest 50 ms)
//	CPU 1  sched_switch, fork, exit ──> ring 1 ──┼──> pending, sorted by time ──> book: threads, processes, tree
//	CPU n  ...                       ──> ring n ──┘    older than 20 ms are due
//
//	a ring (mmap of a perf event):
//	+-----------+-----------------------------------------------------------+
//	| meta page | free |  record  |  record  | record |        free          |
//	+-----------+-----------------------------------------------------------+
//	                   ^ data_tail, ours             ^ data_head, the kernel's
//	0 <= data_head - data_tail <= len(data); both only grow, their place is modulo len(data).
//
// What counts as voluntary is what the kernel counts in nvcsw (kernel/sched/core.c, __schedule): the thread was not
// preempted and its state was not TASK_RUNNING. The switch that ends a thread is voluntary too. The trace has it; of a
// thread getrusage(2) and wait4(2) do not: it cannot ask after its end, and the kernel folds the counts of a thread into
// those of its process before that switch. Only the main thread keeps its own until it is waited for, so that wait4 has
// all of a process with one thread (5,000 forked children: 19,998 voluntary and 52 involuntary by both), and one less
// for each further thread.
//
// One difference remains. Since Linux 6.14 a thread that is about to block and finds a signal pending is shown as
// running, but counted as nvcsw if it is switched out all the same; a Trace has it among the involuntary ones.
package perf
