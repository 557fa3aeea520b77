// The name of the program, which spans get if the settings name neither a service nor an ML app.

package settings

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

func programName() string {
	path, err := os.Executable()
	if err != nil && len(os.Args) > 0 {
		path = os.Args[0]
	}
	module := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		module = info.Main.Path
	}
	return nameOf(path, module)
}

// nameOf gives the executable's name. One that `go run`, `go test` or a debugger made is named by chance,
// such as main or __debug_bin123: then it is the module's name.
func nameOf(path, module string) string {
	if path == "" {
		return ""
	}
	name := filepath.Base(path)
	if end := len(name) - len(".exe"); end > 0 && strings.EqualFold(name[end:], ".exe") {
		name = name[:end]
	}
	test := strings.HasSuffix(name, ".test")
	byChance := test || strings.HasPrefix(name, "__debug_bin") || isBuildFolder(filepath.Dir(path))
	if last := lastElement(module); byChance && last != "" {
		return last
	}
	return strings.TrimSuffix(name, ".test")
}

// isBuildFolder tells whether a folder is one of Go's for executables that it runs at once: go-build123 in
// that for temporary files, or go-build, its cache.
func isBuildFolder(path string) bool {
	for _, name := range strings.Split(filepath.ToSlash(path), "/") {
		if strings.HasPrefix(name, "go-build") {
			return true
		}
	}
	return false
}

// withoutMajor leaves out a last element such as v2.
func withoutMajor(module string) string {
	at := strings.LastIndexByte(module, '/')
	if at < 0 || !strings.HasPrefix(module[at+1:], "v") {
		return module
	}
	if _, err := strconv.ParseUint(module[at+2:], 10, 32); err != nil {
		return module
	}
	return module[:at]
}

// lastElement gives the last element of a module's path that is not its major version.
func lastElement(module string) string {
	module = withoutMajor(module)
	if module == "command-line-arguments" {
		return ""
	}
	return module[strings.LastIndexByte(module, '/')+1:]
}
