// Options of dd-trace-go's other products. They are taken, so that a program compiles, and named once in a
// warning.

package tracer

import "time"

func unused(name string) StartOption { return StartOption{NotUsed: name} }

// WithLLMObsProjectName means nothing here.
func WithLLMObsProjectName(_ string) StartOption { return unused("WithLLMObsProjectName") }

// WithAgentTimeout means nothing here.
func WithAgentTimeout(_ int) StartOption { return unused("WithAgentTimeout") }

// WithAnalytics means nothing here.
func WithAnalytics(_ bool) StartOption { return unused("WithAnalytics") }

// WithAnalyticsRate means nothing here.
func WithAnalyticsRate(_ float64) StartOption { return unused("WithAnalyticsRate") }

// WithAppSecEnabled means nothing here.
func WithAppSecEnabled(_ bool) StartOption { return unused("WithAppSecEnabled") }

// WithDataStreamsIntakeBufferSize means nothing here.
func WithDataStreamsIntakeBufferSize(_ int) StartOption {
	return unused("WithDataStreamsIntakeBufferSize")
}

// WithDebugMode means nothing here.
func WithDebugMode(_ bool) StartOption { return unused("WithDebugMode") }

// WithDebugSpansMode means nothing here.
func WithDebugSpansMode(_ time.Duration) StartOption { return unused("WithDebugSpansMode") }

// WithDebugStack means nothing here.
func WithDebugStack(_ bool) StartOption { return unused("WithDebugStack") }

// WithDogstatsdAddr means nothing here.
func WithDogstatsdAddr(_ string) StartOption { return unused("WithDogstatsdAddr") }

// WithDynamicInstrumentationEnabled means nothing here.
func WithDynamicInstrumentationEnabled(_ bool) StartOption {
	return unused("WithDynamicInstrumentationEnabled")
}

// WithFeatureFlags means nothing here.
func WithFeatureFlags(_ ...string) StartOption { return unused("WithFeatureFlags") }

// WithGlobalServiceName means nothing here.
func WithGlobalServiceName(_ bool) StartOption { return unused("WithGlobalServiceName") }

// WithHeaderTags means nothing here.
func WithHeaderTags(_ []string) StartOption { return unused("WithHeaderTags") }

// WithHostname means nothing here.
func WithHostname(_ string) StartOption { return unused("WithHostname") }

// WithLambdaMode means nothing here.
func WithLambdaMode(_ bool) StartOption { return unused("WithLambdaMode") }

// WithLogStartup means nothing here.
func WithLogStartup(_ bool) StartOption { return unused("WithLogStartup") }

// WithPartialFlushing means nothing here.
func WithPartialFlushing(_ int) StartOption { return unused("WithPartialFlushing") }

// WithPeerServiceDefaults means nothing here.
func WithPeerServiceDefaults(_ bool) StartOption { return unused("WithPeerServiceDefaults") }

// WithPeerServiceMapping means nothing here.
func WithPeerServiceMapping(_, _ string) StartOption { return unused("WithPeerServiceMapping") }

// WithProfilerCodeHotspots means nothing here.
func WithProfilerCodeHotspots(_ bool) StartOption { return unused("WithProfilerCodeHotspots") }

// WithProfilerEndpoints means nothing here.
func WithProfilerEndpoints(_ bool) StartOption { return unused("WithProfilerEndpoints") }

// WithPropagator means nothing here.
func WithPropagator(_ any) StartOption { return unused("WithPropagator") }

// WithRetryInterval means nothing here.
func WithRetryInterval(_ int) StartOption { return unused("WithRetryInterval") }

// WithRuntimeMetrics means nothing here.
func WithRuntimeMetrics() StartOption { return unused("WithRuntimeMetrics") }

// WithSampler means nothing here.
func WithSampler(_ any) StartOption { return unused("WithSampler") }

// WithSamplerRate means nothing here.
func WithSamplerRate(_ float64) StartOption { return unused("WithSamplerRate") }

// WithSamplingRules means nothing here.
func WithSamplingRules(_ any) StartOption { return unused("WithSamplingRules") }

// WithSendRetries means nothing here.
func WithSendRetries(_ int) StartOption { return unused("WithSendRetries") }

// WithServiceMapping means nothing here.
func WithServiceMapping(_, _ string) StartOption { return unused("WithServiceMapping") }

// WithSpanPool means nothing here.
func WithSpanPool(_ bool) StartOption { return unused("WithSpanPool") }

// WithStatsAdditionalTags means nothing here.
func WithStatsAdditionalTags(_ []string) StartOption { return unused("WithStatsAdditionalTags") }

// WithStatsCardinalityLimit means nothing here.
func WithStatsCardinalityLimit(_ int) StartOption { return unused("WithStatsCardinalityLimit") }

// WithStatsComputation means nothing here.
func WithStatsComputation(_ bool) StartOption { return unused("WithStatsComputation") }

// WithStatsHTTPEndpointCardinalityLimit means nothing here.
func WithStatsHTTPEndpointCardinalityLimit(_ int) StartOption {
	return unused("WithStatsHTTPEndpointCardinalityLimit")
}

// WithStatsOriginCardinalityLimit means nothing here.
func WithStatsOriginCardinalityLimit(_ int) StartOption {
	return unused("WithStatsOriginCardinalityLimit")
}

// WithStatsPeerTagsCardinalityLimit means nothing here.
func WithStatsPeerTagsCardinalityLimit(_ int) StartOption {
	return unused("WithStatsPeerTagsCardinalityLimit")
}

// WithStatsResourceCardinalityLimit means nothing here.
func WithStatsResourceCardinalityLimit(_ int) StartOption {
	return unused("WithStatsResourceCardinalityLimit")
}

// WithStatsdClient means nothing here.
func WithStatsdClient(_ any) StartOption { return unused("WithStatsdClient") }

// WithTestDefaults means nothing here.
func WithTestDefaults(_ any) StartOption { return unused("WithTestDefaults") }

// WithTraceEnabled means nothing here.
func WithTraceEnabled(_ bool) StartOption { return unused("WithTraceEnabled") }
