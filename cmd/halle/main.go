// Command halle is the one binary: the server, the demo, the applications and shims that the server starts, and the
// command line of its users.
//
// Owns: the wiring of every package, the start and the stop of a server.
// Does not own: any rule; the user's commands (cli).
// Reads: configuration, environment.
// Writes: through the packages it wires.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	_ "time/tzdata" // billing periods are civil dates in the account's zone, also on a machine without zone files

	"github.com/alecthomas/kong"
	"k8s.io/klog/v2"

	"github.com/halle-cloud/halle/cli"
	"github.com/halle-cloud/halle/driver/process/shim"
)

// version is set when a release is built.
var version = ""

type root struct {
	Serve    serveCommand    `cmd:"" help:"Start the server."`
	Init     initCommand     `cmd:"" help:"Make a new installation: the operator and its first person."`
	Demo     demoCommand     `cmd:"" help:"Show the whole cycle on this machine, then serve the portal."`
	Config   configCommand   `cmd:"" help:"Explain every setting and its present value."`
	UsageLog usageLogCommand `cmd:"" name:"usage-log" help:"Move the usage log to a NATS cluster."`
	Log      logCommand      `cmd:"" help:"Compare the database with the fact log, as the operator at the machine."`
	Witness  witnessCommand  `cmd:"" help:"Cosign the logs of others, so that none shows two histories."`
	Mirror   mirrorCommand   `cmd:"" help:"Keep a copy of a log on this machine; raise an alarm when it is rolled back or forked."`
	Engine   engineCommand   `cmd:"" help:"What the process engine of this machine offers its administrator."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
	Stage    stageCommand    `cmd:"" hidden:"" help:"Stand up an installation to be measured; make bench does."`
	App      appCommand      `cmd:"" hidden:"" help:"Run an application that Halle ships. The process driver starts it."`

	cli.Commands

	JSON bool `help:"Answer as one JSON document."`
}

func main() {
	// The shim takes its arguments itself: it must do as little as possible before it locks its thread.
	if len(os.Args) > 1 && os.Args[1] == "shim" {
		os.Exit(shim.Main(os.Args[2:]))
	}
	silence()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// silence drops the lines that the log library writes to standard error by itself: what matters in them comes back as
// errors too. Called once, before anything runs, because the library's setting is the whole process's.
func silence() { klog.SetSlogLogger(slog.New(slog.DiscardHandler)) }

// console is where a command writes.
type console struct {
	out, err io.Writer
}

// run parses and does one command; the exit code is 0 for success, 1 for failure, 2 for wrong words, 3 for a mirror's
// alarm.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var commands root
	exited := -1
	parser, err := kong.New(&commands, kong.Name("halle"), kong.Description("Halle, the cloud broker: one contract, one bill, one network, one sign-in, and proofs you check yourself."),
		kong.UsageOnError(), kong.Writers(out, errOut), kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "halle:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "halle:", err)
		_, _ = fmt.Fprintln(errOut, "Try: halle --help")
		return 2
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(console{out: out, err: errOut}, cli.Out{W: out, JSON: commands.JSON})
	if err := parsed.Run(); err != nil && !errors.Is(err, context.Canceled) {
		if errors.Is(err, cli.ErrShown) {
			return 1
		}
		_, _ = fmt.Fprintln(errOut, "halle:", err)
		var own exitError
		if errors.As(err, &own) {
			return own.code
		}
		return 1
	}
	return 0
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(c console) error {
	_, err := fmt.Fprintln(c.out, "halle", versionText())
	return err
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "unreleased"
}
