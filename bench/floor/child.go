package floor

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"slices"

	"github.com/moby/sys/reexec"
)

// goLoopName is argv[0] of the child that runs the plain Go loop.
const goLoopName = "c10kit-floor-go"

// The child locks its main goroutine here, where it still runs on the main thread: strace and perf find the loop under
// the pid.
func init() {
	reexec.Register(goLoopName, goLoopMain)
	if os.Args[0] == goLoopName {
		runtime.LockOSThread()
	}
}

// goLoopMain is the main function of the child. It uses os.Exit and never returns to the program's own main.
func goLoopMain() {
	err := runGoLoop(os.Args[1:])
	fmt.Fprintf(os.Stderr, "%s: %v\n", goLoopName, err)
	os.Exit(1)
}

// runGoLoop takes the arguments of the C floor: [-close] ADDR PORT.
func runGoLoop(args []string) error {
	closeAfterAnswer := slices.Contains(args, closeFlag)
	args = slices.DeleteFunc(args, func(arg string) bool { return arg == closeFlag })
	if len(args) != 2 {
		return errors.New("usage: [-close] ADDR PORT")
	}
	addr, err := netip.ParseAddrPort(args[0] + ":" + args[1])
	if err != nil {
		return err
	}
	if !addr.Addr().Is4() {
		return fmt.Errorf("not an IPv4 address: %s", addr.Addr())
	}
	runtime.GOMAXPROCS(1 + 2) // one loop, two for the runtime: the rule of every event model
	return serveGoLoop(addr, closeAfterAnswer)
}
