// The conformance suite through the calls of the Go package, over the core module as wazero runs it: a
// second opinion on the translation, which is made of the same module.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/tests/conformance/suite"
)

const path = "../../../../target/go-core/core.wasm"

var always = context.Background()

func main() {
	engine := wazero.NewRuntime(always)
	bytes, err := os.ReadFile(path)
	check(err)
	module, err := engine.CompileModule(always, bytes)
	check(err)
	hosts := &hosts{}
	hosts.define(engine, module)
	fresh := func(host core.Host) *core.Instance {
		// The imports belong to the engine, and the suite has one instance at a time.
		hosts.now = host
		config := wazero.NewModuleConfig().WithName("")
		instance, err := engine.InstantiateModule(always, module, config)
		check(err)
		return core.Over(&raw{module: instance})
	}
	suite.Main("wazero", suite.OnCore(fresh), fresh)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// hosts gives the core what it imports, from the host of the instance that is there.
type hosts struct {
	now core.Host
}

// define defines what the module imports, of whatever patch of WASI 0.2 it was built with.
func (h *hosts) define(engine wazero.Runtime, module wazero.CompiledModule) {
	const second = 1_000_000_000
	known := map[string]any{
		"wasi:clocks/monotonic-clock now": func() uint64 { return h.now.Monotonic() },
		"wasi:clocks/wall-clock now": func(_ context.Context, m api.Module, at uint32) {
			now := h.now.Wall()
			m.Memory().WriteUint64Le(at, now/second)
			m.Memory().WriteUint32Le(at+8, uint32(now%second))
		},
		"wasi:random/random get-random-u64": func() uint64 { return h.now.Random() },
	}
	for _, imported := range module.ImportedFunctions() {
		from, name, _ := imported.Import()
		interfaceName, _, _ := strings.Cut(from, "@")
		function, is := known[interfaceName+" "+name]
		if !is {
			check(fmt.Errorf("the core imports %s %s, which nothing gives it", from, name))
		}
		builder := engine.NewHostModuleBuilder(from).NewFunctionBuilder()
		_, err := builder.WithFunc(function).Export(name).Instantiate(always)
		check(err)
	}
}

// raw is an instance that wazero runs. A trap is an error there, and a panic here.
type raw struct {
	module api.Module
}

func (r *raw) call(name string, words ...uint64) uint32 {
	given, err := r.module.ExportedFunction(name).Call(always, words...)
	if err != nil {
		panic(err)
	}
	if len(given) == 0 {
		return 0
	}
	return uint32(given[0])
}

func (r *raw) Memory() []byte {
	memory := r.module.Memory()
	bytes, _ := memory.Read(0, memory.Size())
	return bytes
}

func (r *raw) Close() {
	_ = r.module.Close(always)
}

func (r *raw) Realloc(old, oldSize, align, size int32) int32 {
	return int32(r.call("cabi_realloc", uint64(uint32(old)), uint64(uint32(oldSize)),
		uint64(uint32(align)), uint64(uint32(size))))
}
