// Where the models are: a real OpenAI-compatible endpoint, or the stand-in on loopback.

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// endpoint is a client and the names to use with it.
type endpoint struct {
	chatModel, embeddingModel, provider string

	client  *http.Client
	baseURL string
	key     string
	// standin lives as long as this, if there is one.
	standin *exec.Cmd
}

// connect gives the endpoint of OPENAI_BASE_URL; without one, a stand-in.
func connect(ctx context.Context, root string) (*endpoint, error) {
	if url := os.Getenv("OPENAI_BASE_URL"); url != "" {
		return &endpoint{
			chatModel:      cmp.Or(os.Getenv("OPENAI_MODEL"), "gpt-4o-mini"),
			embeddingModel: cmp.Or(os.Getenv("OPENAI_EMBEDDING_MODEL"), "text-embedding-3-small"),
			provider:       "openai",
			client:         http.DefaultClient,
			baseURL:        url,
			key:            os.Getenv("OPENAI_API_KEY"),
		}, nil
	}
	standin, url, err := startStandin(ctx, root)
	if err != nil {
		return nil, fmt.Errorf("the stand-in for a model needs Python; OPENAI_BASE_URL names a real one: %w", err)
	}
	return &endpoint{
		chatModel:      "standin-chat-1",
		embeddingModel: "standin-embed-1",
		provider:       "standin",
		// A proxy of the environment must not get a request that is for this machine.
		client:  &http.Client{Transport: &http.Transport{}},
		baseURL: url,
		key:     "not-needed",
		standin: standin,
	}, nil
}

func (e *endpoint) close() {
	if e.standin != nil {
		// If it has ended by itself there is nothing to do.
		_ = e.standin.Process.Kill()
		_ = e.standin.Wait()
	}
}

var said = regexp.MustCompile(`OPENAI_BASE_URL=(\S+)`)

// startStandin runs examples/python/standin_server.py, and waits until it serves.
func startStandin(ctx context.Context, root string) (*exec.Cmd, string, error) {
	python := "python3"
	if runtime.GOOS == "windows" {
		python = "python"
	}
	command := exec.CommandContext(ctx, python, filepath.Join(root, "examples", "python", "standin_server.py"))
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := command.Start(); err != nil {
		return nil, "", err
	}
	// It says where it is: `export OPENAI_BASE_URL=http://… OPENAI_API_KEY=none`.
	line, err := bufio.NewReader(output).ReadString('\n')
	found := said.FindStringSubmatch(line)
	if found == nil {
		_ = command.Process.Kill()
		return nil, "", cmp.Or(err, fmt.Errorf("it does not say where it is: %q", line))
	}
	return command, found[1], nil
}

// post sends a request; the body of the answer may still be on its way.
func (e *endpoint) post(ctx context.Context, path string, asked any) (io.ReadCloser, error) {
	body, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	url := strings.TrimRight(e.baseURL, "/") + "/" + path
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+e.key)
	request.Header.Set("Content-Type", "application/json")
	answer, err := e.client.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		excerpt, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return nil, fmt.Errorf("the model's server says %s: %s", answer.Status, excerpt)
	}
	return answer.Body, nil
}

// ask sends a request, and reads the answer when it is whole.
func (e *endpoint) ask(ctx context.Context, path string, asked, answer any) error {
	body, err := e.post(ctx, path, asked)
	if err != nil {
		return err
	}
	defer body.Close()
	return json.NewDecoder(body).Decode(answer)
}
