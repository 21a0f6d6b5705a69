// The OpenTelemetry Collector for tests, put together by hand from its published modules (the usual builder downloads a compiler of its
// own choice): the fluent_forward receiver, and one exporter of ours that posts each batch of log records to a test over HTTP and waits for
// the answer. No batch processor stands between them, so that an acknowledgement means that the test has answered 2xx; any other answer is
// a downstream failure, upon which the receiver closes the connection without acknowledging.
package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/fluentforwardreceiver"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

// postConfig is the `post` exporter's section of the configuration.
type postConfig struct {
	Endpoint string `mapstructure:"endpoint"`
}

// postExporter sends log records as OTLP JSON and reports any answer but 2xx as an error.
type postExporter struct {
	component.StartFunc
	component.ShutdownFunc
	endpoint string
}

func (*postExporter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (e *postExporter) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	body, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("content-type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("%s answered %d", e.endpoint, response.StatusCode)
	}
	return nil
}

func newPostFactory() exporter.Factory {
	return exporter.NewFactory(
		component.MustNewType("post"),
		func() component.Config { return &postConfig{} },
		exporter.WithLogs(func(_ context.Context, _ exporter.Settings, config component.Config) (exporter.Logs, error) {
			return &postExporter{endpoint: config.(*postConfig).Endpoint}, nil
		}, component.StabilityLevelDevelopment))
}

func components() (otelcol.Factories, error) {
	factories := otelcol.Factories{Telemetry: otelconftelemetry.NewFactory()}
	var err error
	if factories.Receivers, err = otelcol.MakeFactoryMap[receiver.Factory](fluentforwardreceiver.NewFactory()); err != nil {
		return factories, err
	}
	factories.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](newPostFactory())
	return factories, err
}

func main() {
	settings := otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "otelcol", Description: "OpenTelemetry Collector for tests", Version: "0.164.0"},
		Factories: components,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			DefaultScheme:     "env",
			ProviderFactories: []confmap.ProviderFactory{fileprovider.NewFactory(), envprovider.NewFactory()},
		}},
	}
	if err := otelcol.NewCommand(settings).Execute(); err != nil {
		os.Exit(1)
	}
}
