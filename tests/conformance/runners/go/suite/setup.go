package suite

import (
	"encoding/json"
	"strings"

	"github.com/witspan/witspan-go/internal/core"
)

// called gives what a case's call gives, or its refusal as a wrong argument.
func called(one *Case, fresh Maker) (gives, refused any) {
	instance := fresh(&world{})
	defer instance.Close()
	gives, err := answer(instance, one)
	if invalid, is := err.(core.Error); is && invalid.Tag == core.ErrorInvalidArgument {
		argument := invalid.InvalidArgument
		return nil, map[string]string{"field": argument.Field, "message": argument.Message}
	}
	must(err)
	return gives, nil
}

func answer(instance *core.Instance, one *Case) (any, error) {
	switch one.Call {
	case "make-plan":
		return instance.MakePlan(one.Given)
	case "configure":
		warnings, err := instance.Configure(one.Given)
		found := []map[string]string{}
		for _, warning := range warnings {
			found = append(found, map[string]string{"field": warning.Field, "message": warning.Message})
		}
		return found, err
	case "diagnose":
		said, err := instance.Diagnose(one.Given)
		return map[string]string{
			"level": said.Level.String(), "code": said.Code, "message": said.Message,
		}, err
	case "loss-header":
		header, err := instance.LossHeader(one.Given)
		if !header.Has {
			return nil, err
		}
		return header.Value, err
	case "variables":
		return instance.Variables()
	case "names":
		return instance.Names()
	}
	panic(wrong("no such call"))
}

// goneOn does with a plan what a host does, up to the first request.
func goneOn(one *Case, agent map[string]any, fresh Maker) map[string]any {
	instance := fresh(&world{})
	defer instance.Close()
	made, err := instance.MakePlan(one.Given)
	must(err)
	var plan struct {
		Enabled   bool
		Settings  json.RawMessage
		Discovery map[string]json.RawMessage
	}
	must(json.Unmarshal([]byte(made), &plan))
	if !plan.Enabled {
		panic(wrong("nothing follows from a plan that is off"))
	}
	if (plan.Discovery == nil) != (agent == nil) {
		panic(wrong("`agent` goes with a plan's `discovery`"))
	}
	_, err = instance.Configure(string(plan.Settings))
	must(err)
	found := map[string]any{}
	if agent != nil {
		var sign string
		must(json.Unmarshal(plan.Discovery["sign"], &sign))
		body, _ := agent["body"].(string)
		status := agent["status"].(float64)
		means := "otherwise"
		if status >= 200 && status < 300 && strings.Contains(body, sign) {
			means = "found"
		}
		found["agent"], found["means"] = agent, means
		must(instance.SetTargets(string(plan.Discovery[means])))
	}
	span, err := instance.StartSpan(core.SpanKindTask, core.Parent{}, core.Option[string]{},
		core.Option[[]core.SpanOption]{}, core.Option[uint64]{})
	must(err)
	_, err = instance.Finish(span, core.Option[core.Failure]{}, core.Option[uint64]{}, core.Option[uint64]{})
	must(err)
	action, err := instance.Poll(core.PollModeEverything)
	must(err)
	if action.Tag != core.ActionSend {
		counts, err := instance.Statistics()
		must(err)
		if len(counts.Dropped) == 0 {
			panic(wrong("neither sent nor dropped"))
		}
		found["dropped"] = counts.Dropped[len(counts.Dropped)-1].Reason.String()
		return found
	}
	sent := action.Request
	request := map[string]any{"url": sent.URL, "headers": record(sent.Headers)}
	if sent.Socket.Has {
		request["socket"] = sent.Socket.Value
	}
	var added []string
	for _, one := range sent.Credentials {
		added = append(added, one.Header+": "+one.Form.String()+" "+one.Secret)
	}
	if added != nil {
		request["credentials"] = added
	}
	found["request"] = request
	return found
}
