// Every option that dd-trace-go's package tracer exports compiles here with its arguments. The list is that of
// github.com/DataDog/dd-trace-go/v2 v2.12.0: `grep "^func With.*StartOption {" ddtrace/tracer/*.go`, and Start,
// Stop and Flush of tracer.go. Interfaces of theirs are any here, so that their values can be passed.

package tracer_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/witspan/witspan-go/tracer"
)

var (
	_ func(...tracer.StartOption) error = tracer.Start
	_ func()                            = tracer.Stop
	_ func()                            = tracer.Flush
)

// sampler, and so on, stand for values of their interfaces.
type (
	sampler    interface{ Sample(any) bool }
	propagator interface{ Inject(any, any) error }
	statsd     interface{ Close() error }
	rule       struct{ Rate float64 }
)

func theirs() []tracer.StartOption {
	return []tracer.StartOption{
		tracer.WithAppSecEnabled(true),
		tracer.WithFeatureFlags("a", "b"),
		tracer.WithLogger(tracer.Logger(nil)),
		tracer.WithDebugStack(true),
		tracer.WithDebugMode(true),
		tracer.WithLambdaMode(true),
		tracer.WithSendRetries(1),
		tracer.WithRetryInterval(1),
		tracer.WithPropagator(propagator(nil)),
		tracer.WithService("s"),
		tracer.WithGlobalServiceName(true),
		tracer.WithAgentAddr("localhost:8126"),
		tracer.WithAgentURL("http://localhost:8126"),
		tracer.WithAgentTimeout(1),
		tracer.WithEnv("e"),
		tracer.WithServiceMapping("a", "b"),
		tracer.WithPeerServiceDefaults(true),
		tracer.WithPeerServiceMapping("a", "b"),
		tracer.WithGlobalTag("k", any(1)),
		tracer.WithSampler(sampler(nil)),
		tracer.WithSamplerRate(0.5),
		tracer.WithHTTPClient((*http.Client)(nil)),
		tracer.WithUDS("/run/agent.sock"),
		tracer.WithAnalytics(true),
		tracer.WithAnalyticsRate(0.5),
		tracer.WithRuntimeMetrics(),
		tracer.WithDogstatsdAddr("localhost:1"),
		tracer.WithStatsdClient(statsd(nil)),
		tracer.WithSamplingRules([]rule{{1}}),
		tracer.WithServiceVersion("v"),
		tracer.WithUniversalVersion("v"),
		tracer.WithHostname("h"),
		tracer.WithTraceEnabled(true),
		tracer.WithLogStartup(true),
		tracer.WithProfilerCodeHotspots(true),
		tracer.WithProfilerEndpoints(true),
		tracer.WithDebugSpansMode(time.Second),
		tracer.WithPartialFlushing(1),
		tracer.WithStatsComputation(true),
		tracer.WithDataStreamsIntakeBufferSize(1),
		tracer.WithStatsAdditionalTags([]string{"a"}),
		tracer.WithStatsCardinalityLimit(1),
		tracer.WithStatsResourceCardinalityLimit(1),
		tracer.WithStatsHTTPEndpointCardinalityLimit(1),
		tracer.WithStatsPeerTagsCardinalityLimit(1),
		tracer.WithStatsOriginCardinalityLimit(1),
		tracer.WithDynamicInstrumentationEnabled(true),
		tracer.WithHeaderTags([]string{"a"}),
		tracer.WithTestDefaults(any(nil)),
		tracer.WithLLMObsEnabled(true),
		tracer.WithLLMObsMLApp("a"),
		tracer.WithLLMObsProjectName("p"),
		tracer.WithLLMObsAgentlessEnabled(true),
		tracer.WithSpanPool(true),
	}
}

func TestAProgramOfDdTraceGoStartsWithAllItsOptions(t *testing.T) {
	said := &lines{}
	opts := append(theirs(), tracer.WithLogger(said), tracer.WithExporter(func(*tracer.Exported) error { return nil }))
	if err := tracer.Start(opts...); err != nil {
		t.Fatal(err)
	}
	tracer.Stop()
	if len(*said) != 1 {
		t.Error("what is not used is named in one notice: ", *said)
	}
}

func TestAnAddressWithoutAPortIsAHost(t *testing.T) {
	for address, url := range map[string]string{
		"agent": "http://agent:8126", "agent:1": "http://agent:1", "[::1]:1": "http://[::1]:1", "::1": "http://[::1]:8126",
	} {
		if got := tracer.WithAgentAddr(address).Value; got != url {
			t.Error(address, " is ", got)
		}
	}
}
