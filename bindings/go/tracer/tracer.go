// Package tracer starts and stops the tracer of the whole program.
//
// It takes what github.com/DataDog/dd-trace-go/v2/ddtrace/tracer takes, as far as llmobs needs it: options of
// other products are taken, and named once in a warning.
//
//	if err := tracer.Start(tracer.WithMLApp("my-app")); err != nil {
//		log.Print(err)
//	}
//	defer tracer.Stop()
//
// Settings come from the environment too; docs/configuration.md has the table. What code says wins.
package tracer

import (
	"context"
	"fmt"
	"sync"

	"github.com/witspan/witspan-go/internal/engine"
)

// starting has one Start or Stop at a time.
var starting sync.Mutex

// Start starts the global tracer. A running one is stopped first, and sends what has finished. Wrong settings
// are logged, not returned: the error is one of this module, and then nothing is traced.
func Start(opts ...StartOption) error {
	starting.Lock()
	defer starting.Unlock()
	started, err := engine.Start(Config(opts))
	if err != nil {
		err = fmt.Errorf("tracer: %w", err)
	}
	stop(engine.SetGlobal(started))
	return err
}

// Stop sends what has finished, for at most the setting exit_timeout (2 s), and ends the global tracer. It may be
// called again, and while others finish spans. llmobs.Shutdown does the same with a context and a result.
//
// Go runs nothing at the end of a program: without Stop, what finished in the last second does not arrive.
// os.Exit, log.Fatal and a panic that nobody recovers run no deferred Stop either.
func Stop() {
	starting.Lock()
	defer starting.Unlock()
	stop(engine.Global())
}

func stop(running *engine.Tracer) {
	if running == nil || running.IsOver() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), running.Plan().ExitTimeout)
	defer cancel()
	running.Shutdown(ctx)
}

// Flush sends what has finished, and waits for that, at most the setting flush_timeout (10 s). llmobs.Flush does
// the same with a context and a result.
func Flush() {
	running := engine.Global()
	if running == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), running.Plan().FlushTimeout)
	defer cancel()
	running.Flush(ctx)
}
