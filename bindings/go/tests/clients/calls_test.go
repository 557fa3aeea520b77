// What applications do with their clients. Each call gives what the application saw of the answer.

package clients

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
	older "github.com/sashabaranov/go-openai"
	"google.golang.org/genai"

	"github.com/witspan/witspan-go/llmobs/llmhttp"
)

// A place is where the stand-in is, and whether calls to it are traced.
type place struct {
	url    string
	traced bool
}

func (p place) client() *http.Client {
	if p.traced {
		return &http.Client{Transport: llmhttp.NewTransport(nil)}
	}
	return &http.Client{}
}

func (p place) openAI() openai.Client {
	options := []option.RequestOption{option.WithBaseURL(p.url + "/v1/"), option.WithAPIKey("k"), option.WithMaxRetries(1)}
	if p.traced {
		options = append(options, option.WithMiddleware(llmhttp.Middleware))
	}
	return openai.NewClient(options...)
}

func (p place) anthropic() anthropic.Client {
	options := []anthropicoption.RequestOption{
		anthropicoption.WithBaseURL(p.url), anthropicoption.WithAPIKey("k"), anthropicoption.WithMaxRetries(0),
	}
	if p.traced {
		options = append(options, anthropicoption.WithMiddleware(llmhttp.Middleware))
	}
	return anthropic.NewClient(options...)
}

func (p place) gemini(ctx context.Context) (*genai.Client, error) {
	return genai.NewClient(ctx, &genai.ClientConfig{
		APIKey: "k", Backend: genai.BackendGeminiAPI, HTTPClient: p.client(), HTTPOptions: genai.HTTPOptions{BaseURL: p.url},
	})
}

func (p place) older() *older.Client {
	config := older.DefaultConfig("k")
	config.BaseURL, config.HTTPClient = p.url+"/v1", p.client()
	return older.NewClientWithConfig(config)
}

// seen is an answer as JSON, or the error.
func seen(answer any, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	text, err := json.Marshal(answer)
	return fmt.Sprint(string(text), err)
}

// The streams of openai-go and anthropic-sdk-go are of the same form.
type stream[T any] interface {
	Next() bool
	Current() T
	Err() error
	Close() error
}

func all[T any](of stream[T]) string {
	saw := ""
	for of.Next() {
		saw += seen(of.Current(), nil)
	}
	// Many applications do not close a stream that they have read.
	return saw + fmt.Sprint(of.Err())
}

func chatOf(model string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:       model,
		Temperature: openai.Float(0.5),
		Messages: []openai.ChatCompletionMessageParamUnion{
			openai.SystemMessage("Be brief."), openai.UserMessage("Weather?"),
		},
		Tools: []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
			Name: "weather", Parameters: openai.FunctionParameters{"type": "object"},
		})},
	}
}

func openAIChat(model string) func(context.Context, place) string {
	return func(ctx context.Context, at place) string {
		client := at.openAI()
		answer, err := client.Chat.Completions.New(ctx, chatOf(model))
		var failed *openai.Error
		if errors.As(err, &failed) {
			body, _ := io.ReadAll(failed.Response.Body)
			return fmt.Sprint(failed.StatusCode, failed.Message, string(body))
		}
		return seen(answer, err)
	}
}

func openAIChatStream(ctx context.Context, at place) string {
	client := at.openAI()
	return all(client.Chat.Completions.NewStreaming(ctx, chatOf("gpt-4o")))
}

func weatherResponse() responses.ResponseNewParams {
	return responses.ResponseNewParams{
		Model: "gpt-5", Instructions: openai.String("Be brief."),
		Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("Weather?")},
	}
}

func openAIResponse(ctx context.Context, at place) string {
	client := at.openAI()
	return seen(client.Responses.New(ctx, weatherResponse()))
}

func openAIResponseStream(ctx context.Context, at place) string {
	client := at.openAI()
	return all(client.Responses.NewStreaming(ctx, weatherResponse()))
}

func openAIEmbeddings(ctx context.Context, at place) string {
	client := at.openAI()
	return seen(client.Embeddings.New(ctx, openai.EmbeddingNewParams{
		Model: "text-embedding-3-small",
		Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one", "two"}},
	}))
}

func messageOf(model string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: anthropic.Model(model), MaxTokens: 100, Temperature: anthropic.Float(0.5),
		System:   []anthropic.TextBlockParam{{Text: "Be brief."}},
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("Weather?"))},
		Tools:    []anthropic.ToolUnionParam{{OfTool: &anthropic.ToolParam{Name: "weather"}}},
	}
}

func anthropicMessage(model string) func(context.Context, place) string {
	return func(ctx context.Context, at place) string {
		client := at.anthropic()
		answer, err := client.Messages.New(ctx, messageOf(model))
		var failed *anthropic.Error
		if errors.As(err, &failed) {
			return fmt.Sprint(failed.StatusCode, failed.RawJSON())
		}
		return seen(answer, err)
	}
}

func anthropicStream(ctx context.Context, at place) string {
	client := at.anthropic()
	return all(client.Messages.NewStreaming(ctx, messageOf("claude-sonnet-4-5")))
}

func geminiSettings() *genai.GenerateContentConfig {
	return &genai.GenerateContentConfig{
		Temperature:       genai.Ptr[float32](0.5),
		SystemInstruction: genai.NewContentFromText("Be brief.", genai.RoleUser),
		Tools:             []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{Name: "weather"}}}},
	}
}

func geminiAnswer(model string) func(context.Context, place) string {
	return func(ctx context.Context, at place) string {
		client, err := at.gemini(ctx)
		if err != nil {
			return err.Error()
		}
		return seen(client.Models.GenerateContent(ctx, model, genai.Text("Weather?"), geminiSettings()))
	}
}

func geminiStream(ctx context.Context, at place) string {
	client, err := at.gemini(ctx)
	if err != nil {
		return err.Error()
	}
	saw := ""
	for answer, err := range client.Models.GenerateContentStream(ctx, "gemini-2.5-flash", genai.Text("Weather?"), geminiSettings()) {
		saw += seen(answer, err)
	}
	return saw
}

func geminiEmbeddings(ctx context.Context, at place) string {
	client, err := at.gemini(ctx)
	if err != nil {
		return err.Error()
	}
	return seen(client.Models.EmbedContent(ctx, "gemini-embedding-001", []*genai.Content{
		genai.NewContentFromText("one", genai.RoleUser), genai.NewContentFromText("two", genai.RoleUser),
	}, nil))
}

func olderChatOf(model string) older.ChatCompletionRequest {
	return older.ChatCompletionRequest{
		Model: model, Temperature: 0.5,
		Messages: []older.ChatCompletionMessage{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "Weather?"}},
		Tools:    []older.Tool{{Type: older.ToolTypeFunction, Function: &older.FunctionDefinition{Name: "weather"}}},
	}
}

func olderChat(model string) func(context.Context, place) string {
	return func(ctx context.Context, at place) string {
		return seen(at.older().CreateChatCompletion(ctx, olderChatOf(model)))
	}
}

func olderChatStream(ctx context.Context, at place) string {
	stream, err := at.older().CreateChatCompletionStream(ctx, olderChatOf("gpt-4o"))
	if err != nil {
		return err.Error()
	}
	defer stream.Close()
	saw := ""
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return saw
		}
		saw += seen(answer, err)
	}
}

func olderEmbeddings(ctx context.Context, at place) string {
	return seen(at.older().CreateEmbeddings(ctx, older.EmbeddingRequest{
		Model: "text-embedding-3-small", Input: []string{"one", "two"},
	}))
}
