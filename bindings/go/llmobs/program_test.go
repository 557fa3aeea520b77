//go:build unix

// The end of a program: what arrives, and with which status it ends. The program is this test's own binary.

package llmobs_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/witspan/witspan-go/tracer"
)

const (
	modeVariable   = "WITSPAN_TEST_PROGRAM"
	originVariable = "WITSPAN_TEST_ORIGIN"
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(modeVariable); mode != "" {
		program(mode)
		return
	}
	os.Exit(m.Run())
}

// program is a small program that uses the package. Nothing is sent by age.
func program(mode string) {
	opts := append(direct(os.Getenv(originVariable)), tracer.WithMLApp("test"), tracer.WithBatchAge(time.Hour))
	if mode == "signal handled" {
		opts = append(opts, tracer.WithHandleSignals(true))
	}
	if err := tracer.Start(opts...); err != nil {
		panic(err)
	}
	span(context.Background(), "last")
	switch mode {
	case "return":
	case "return after stop":
		defer tracer.Stop()
	case "exit after stop":
		tracer.Stop()
		os.Exit(3)
	case "panic":
		defer tracer.Stop()
		panic("the application's own")
	case "signal handled", "signal":
		fmt.Println("ready")
		time.Sleep(patience)
	case "signal of its own":
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		fmt.Println("ready")
		<-ctx.Done()
		tracer.Stop()
	}
}

func TestTheEndOfAProgram(t *testing.T) {
	for _, one := range []struct {
		mode    string
		sends   syscall.Signal
		arrives int
		status  string
	}{
		{"return", 0, 0, "exit status 0"},
		{"return after stop", 0, 1, "exit status 0"},
		{"exit after stop", 0, 1, "exit status 3"},
		{"panic", 0, 1, "exit status 2"},
		{"signal handled", syscall.SIGTERM, 1, "signal: terminated"},
		{"signal handled", syscall.SIGINT, 1, "signal: interrupt"},
		{"signal handled", syscall.SIGHUP, 1, "signal: hangup"},
		{"signal", syscall.SIGTERM, 0, "signal: terminated"},
		{"signal of its own", syscall.SIGINT, 1, "exit status 0"},
	} {
		t.Run(one.mode, func(t *testing.T) {
			r, server := serve(t)
			child := exec.CommandContext(within(t), os.Args[0])
			child.Env = append(os.Environ(), modeVariable+"="+one.mode, originVariable+"="+server.URL)
			said := &strings.Builder{}
			child.Stderr = said
			out, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			if one.sends != 0 {
				if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
					t.Error(line, err)
				}
				if err := child.Process.Signal(one.sends); err != nil {
					t.Error(err)
				}
			}
			_ = child.Wait()
			equal(t, "status", child.ProcessState.String(), one.status)
			equal(t, "spans", r.count("last"), one.arrives)
			if one.mode == "panic" && !strings.Contains(said.String(), "the application's own") {
				t.Error(said)
			}
		})
	}
}
