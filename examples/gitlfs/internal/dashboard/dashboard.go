// Package dashboard writes the Grafana dashboard, with Grafana's own library for that
// (grafana-foundation-sdk): what the compiler has checked is what Grafana reads.
//
//	go test ./internal/dashboard -update
//
// writes deploy/dashboard.json anew; without -update the test fails if it is not current. A
// test of package e2e asks a real Prometheus every expression.
package dashboard

import (
	"encoding/json"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// A Panel is a title, a unit of Grafana's, and expressions with their legends.
type Panel struct {
	Title, Unit string
	Exprs       [][2]string
}

// A Row is panels under one heading.
type Row struct {
	Title  string
	Panels []Panel
}

const rate = "$__rate_interval"

// Rows is the dashboard.
func Rows() []Row {
	return []Row{
		{"Clients", []Panel{
			{"Requests", "reqps", [][2]string{{`sum by (route, status) (rate(gitlfs_http_requests_total[` + rate + `]))`, "{{route}} {{status}}"}}},
			{"Failures", "percentunit", [][2]string{{`sum(rate(gitlfs_http_requests_total{status=~"5.."}[` + rate + `]) or vector(0)) / clamp_min(sum(rate(gitlfs_http_requests_total[` + rate + `])), 1e-9)`, "5xx"}}},
			{"Time to answer, 99 %", "s", [][2]string{{`histogram_quantile(0.99, sum by (le, route) (rate(gitlfs_http_request_seconds_bucket[` + rate + `])))`, "{{route}}"}}},
			{"Refusals", "reqps", [][2]string{{`sum by (cause) (rate(gitlfs_refusals_total[` + rate + `]))`, "{{cause}}"}}},
			{"In flight", "short", [][2]string{{`sum by (instance) (gitlfs_http_in_flight)`, "{{instance}}"}}},
			{"Draining", "short", [][2]string{{`gitlfs_draining`, "{{instance}}"}}},
		}},
		{"Transfers", []Panel{
			{"Throughput", "Bps", [][2]string{{`sum by (direction) (rate(gitlfs_transfer_bytes_total[` + rate + `]))`, "{{direction}}"}}},
			{"Time of a transfer, 95 %", "s", [][2]string{{`histogram_quantile(0.95, sum by (le, direction) (rate(gitlfs_transfer_seconds_bucket[` + rate + `])))`, "{{direction}}"}}},
			{"Size of a transfer, median", "bytes", [][2]string{{`histogram_quantile(0.5, sum by (le, direction) (rate(gitlfs_transfer_size_bytes_bucket[` + rate + `])))`, "{{direction}}"}}},
			{"Places taken", "percentunit", [][2]string{{`sum by (direction) (gitlfs_places_taken) / sum by (direction) (gitlfs_places)`, "{{direction}}"}}},
			{"Waiting for a place", "short", [][2]string{{`sum by (direction) (gitlfs_places_waiting)`, "{{direction}}"}}},
			{"Waits for a place", "ops", [][2]string{{`sum by (direction) (rate(gitlfs_places_wait_seconds_count[` + rate + `]))`, "{{direction}}"}}},
		}},
		{"Content and locks", []Panel{
			{"Found wrong", "ops", [][2]string{{`sum by (state) (rate(gitlfs_content_marked_total[` + rate + `]))`, "{{state}}"}}},
			{"Leftovers removed", "ops", [][2]string{{`sum by (what) (rate(gitlfs_swept_total[` + rate + `]))`, "{{what}}"}}},
			{"Locks", "short", [][2]string{{`max(gitlfs_locks)`, "held"}}},
			{"Changes of locks", "ops", [][2]string{{`sum by (change) (rate(gitlfs_lock_changes_total[` + rate + `]))`, "{{change}}"}}},
		}},
		{"S3", []Panel{
			{"Memory for objects", "bytes", [][2]string{
				{`sum by (instance) (s3pool_pool_leased_bytes)`, "on lease, {{instance}}"},
				{`sum by (instance) (s3pool_pool_idle_bytes)`, "idle, {{instance}}"},
				{`sum by (instance) (s3pool_pool_budget_bytes)`, "budget, {{instance}}"},
			}},
			{"Waits for memory", "percentunit", [][2]string{{`sum by (instance) (rate(s3pool_pool_wait_seconds_total[` + rate + `]))`, "{{instance}}"}}},
			{"On the way", "ops", [][2]string{{`sum by (kind) (rate(s3pool_client_events_total[` + rate + `]))`, "{{kind}}"}}},
			{"Pacing", "short", [][2]string{
				{`sum(s3pool_pacer_prefixes)`, "prefixes with a rate"},
				{`sum(s3pool_pacer_waiting)`, "attempts waiting"},
			}},
		}},
		{"Database and process", []Panel{
			{"Connections", "short", [][2]string{
				{`sum by (instance) (go_sql_in_use_connections{db_name="gitlfs"})`, "in use, {{instance}}"},
				{`sum by (instance) (go_sql_max_open_connections{db_name="gitlfs"})`, "most, {{instance}}"},
			}},
			{"Waits for a connection", "ops", [][2]string{{`sum by (instance) (rate(go_sql_wait_count_total{db_name="gitlfs"}[` + rate + `]))`, "{{instance}}"}}},
			{"Statements repeated", "ops", [][2]string{{`sum by (instance) (rate(gitlfs_db_retries_total[` + rate + `]))`, "{{instance}}"}}},
			{"Resident memory", "bytes", [][2]string{{`process_resident_memory_bytes`, "{{instance}}"}}},
			{"Processor", "short", [][2]string{{`rate(process_cpu_seconds_total[` + rate + `])`, "{{instance}}"}}},
			{"Goroutines", "short", [][2]string{{`go_goroutines`, "{{instance}}"}}},
		}},
	}
}

// JSON returns the dashboard as Grafana imports it.
func JSON() ([]byte, error) {
	source := "${source}"
	ref := common.DataSourceRef{Uid: &source}
	b := dashboard.NewDashboardBuilder("Git LFS").Uid("gitlfs").Tags([]string{"gitlfs", "s3pool"}).
		Time("now-1h", "now").Refresh("30s").Timezone("browser").
		WithVariable(dashboard.NewDatasourceVariableBuilder("source").Type("prometheus").Label("Prometheus"))
	for _, row := range Rows() {
		b.WithRow(dashboard.NewRowBuilder(row.Title))
		for _, p := range row.Panels {
			panel := timeseries.NewPanelBuilder().Title(p.Title).Unit(p.Unit).Datasource(ref).Height(8).Span(8).Min(0)
			for i, e := range p.Exprs {
				panel.WithTarget(prometheus.NewDataqueryBuilder().RefId(string(rune('A' + i))).Expr(e[0]).LegendFormat(e[1]))
			}
			b.WithPanel(panel)
		}
	}
	d, err := b.Build()
	if err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(d, "", "  ")
	return append(out, '\n'), err
}
