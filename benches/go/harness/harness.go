// Package harness is what every contender's program is made of: it measures what it is told to, line by line.
//
// A process lives through all rounds, and does nothing while another one has its turn. It reads one order a line,
// `ORDER ARGUMENTS`, and answers each with one line of JSON.
package harness

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Tracer is a contender that has started.
type Tracer struct {
	// Cases by name: each call makes one span, or the spans of a workflow.
	Cases map[string]func()
	// Deliver ends when all that was made has been taken by the receiver.
	Deliver func() error
	// Settle waits until the tracer does nothing more, where Deliver cannot say so.
	Settle func()
	// Stop ends the tracer.
	Stop func()
}

// spans of a call of a case.
func spans(name string) int {
	if strings.HasPrefix(name, "workflow") {
		return 10
	}
	return 1
}

// Run does what standard input asks of the tracer, until it ends.
func Run(start func() (*Tracer, error)) {
	tracer, err := start()
	if err != nil {
		fail(err)
	}
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		words := strings.Fields(orders.Text())
		found, err := follow(tracer, words)
		if err != nil {
			fail(fmt.Errorf("%s: %w", orders.Text(), err))
		}
		if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
			fail(err)
		}
		if words[0] == "stall" {
			// What is behind the stalled receiver is not waited for.
			os.Exit(0)
		}
	}
	tracer.Stop()
}

func follow(tracer *Tracer, words []string) (any, error) {
	if len(words) == 0 {
		return nil, fmt.Errorf("there is no order")
	}
	numbers := make([]float64, 0, len(words))
	for _, word := range words[1:] {
		if value, err := strconv.ParseFloat(word, 64); err == nil {
			numbers = append(numbers, value)
		}
	}
	switch order := words[0]; {
	case order == "calls" && len(numbers) == 2:
		return calls(tracer, words[1], int(numbers[0]), numbers[1])
	case order == "allocations" && len(numbers) == 1:
		return allocations(tracer, words[1], int(numbers[0]))
	case order == "profile" && len(numbers) == 2:
		return profile(tracer, words[1], words[2], int(numbers[0]), numbers[1])
	case order == "cores" && len(numbers) == 2:
		return cores(tracer, words[1], int(numbers[0]), numbers[1])
	case order == "memory" && len(numbers) == 1:
		return memory(tracer, int(numbers[0]))
	case order == "stall" && len(numbers) == 2:
		return stall(tracer, int(numbers[0]), int(numbers[1]))
	default:
		return nil, fmt.Errorf("there is no such order")
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
