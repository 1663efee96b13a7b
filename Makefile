# Every module of the workspace, the root first.
MODULES := . internal/s3server prom examples examples/gitlfs bench tools
# Modules with code to check; tools holds only the tools.
CODE    := . internal/s3server prom examples examples/gitlfs bench
# Modules that others import.
LIBS    := . prom
TARGETS := linux/arm64 linux/386 darwin/arm64 windows/amd64

# The tools run from the tools module, outside the workspace.
TOOL = cd $(CURDIR)/tools && GOWORK=off go build -o $(CURDIR)/bin/$(1) $(2)

# MinIO is a second opinion for tests. It is under the AGPL and in no go.mod.
MINIO := github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
export S3POOL_MINIO ?= $(wildcard $(CURDIR)/bin/minio)

# What a user may have beside this library: the least versions that our go.mod asks for, and
# the newest of everything, Go included. Both are tried in the root module alone.
GO_NEWEST ?= go1.27.3
ENDS := . ./internal/direct ./transfer ./s3http ./prefix ./s3test ./internal/managersuite

# The newest git-lfs, beside Debian's, for tests of examples/gitlfs.
GITLFS := github.com/git-lfs/git-lfs/v3@v3.7.1
export S3POOL_GITLFS ?= $(wildcard $(CURDIR)/bin/git-lfs)

.PHONY: help check fmt vet cross staticcheck vuln mod fix test floor newest race bench compare report report-full soak fuzz minio gitlfs tidy clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

check: fmt vet cross staticcheck mod fix vuln ## everything that reads the code without running it

fmt: ## gofmt would change nothing
	@out=$$(gofmt -l $(MODULES)); [ -z "$$out" ] || { echo "gofmt would change:"; echo "$$out"; exit 1; }

vet: ## go vet, in the workspace and in every module alone
	go vet work
	@for m in $(CODE); do echo "vet $$m alone"; (cd $$m && GOWORK=off go vet ./...) || exit 1; done

cross: ## go vet for the other systems: libraries for all, programs for the one that is least like ours
	@for t in $(TARGETS); do for m in $(LIBS); do \
		echo "vet $$m for $$t"; (cd $$m && GOOS=$${t%/*} GOARCH=$${t#*/} go vet ./...) || exit 1; \
	done; done
	@for m in $(filter-out $(LIBS),$(CODE)); do \
		echo "vet $$m for windows/amd64"; (cd $$m && GOOS=windows GOARCH=amd64 go vet ./...) || exit 1; \
	done

staticcheck: bin/staticcheck ## staticcheck on every module
	@for m in $(CODE); do echo "staticcheck $$m"; (cd $$m && $(CURDIR)/bin/staticcheck ./...) || exit 1; done

bin/staticcheck: tools/go.mod
	$(call TOOL,staticcheck,honnef.co/go/tools/cmd/staticcheck)

bin/govulncheck: tools/go.mod
	$(call TOOL,govulncheck,golang.org/x/vuln/cmd/govulncheck)

bin/benchstat: tools/go.mod
	$(call TOOL,benchstat,golang.org/x/perf/cmd/benchstat)

bin/minio: Makefile
	GOWORK=off GOFLAGS=-mod=mod GOBIN=$(CURDIR)/bin go install $(MINIO)

bin/git-lfs: Makefile
	GOWORK=off GOFLAGS=-mod=mod GOBIN=$(CURDIR)/bin go install $(GITLFS)

vuln: bin/govulncheck ## govulncheck, where its database can be reached
	@if curl -fsS -m 10 -o /dev/null https://vuln.go.dev/index/db.json 2>/dev/null; then \
		for m in $(CODE); do (cd $$m && $(CURDIR)/bin/govulncheck ./...) || exit 1; done; \
	else echo "govulncheck: the database cannot be reached, not run"; fi

mod: ## go.mod and go.sum are tidy
	@for m in $(MODULES); do echo "mod tidy -diff $$m"; (cd $$m && GOWORK=off go mod tidy -diff) || exit 1; done

fix: ## go fix would change nothing
	@for m in $(CODE); do echo "fix -diff $$m"; (cd $$m && go fix -diff ./...) || exit 1; done

test: ## all tests of all modules
	go test -timeout 30m work

floor: ## the tests, the simulations shortened, with the least versions of our go.mod
	GOWORK=off go test -short $(ENDS)

newest: ## the same with the newest versions that there are, in a copy of the last commit
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && git archive HEAD | tar x -C "$$dir" && cd "$$dir" && \
	export GOWORK=off GOTOOLCHAIN=$(GO_NEWEST) && go version && \
	go get -t -u ./... && go mod tidy && go list -m -f '{{.Path}} {{.Version}}' all && \
	go vet ./... && go test -short $(ENDS)

race: ## the libraries' tests under the race detector, with poisoned buffers
	go test -race -shuffle=on -timeout 50m $(LIBS:%=./%/...)

bench: ## all benchmarks
	go test -run "^$$" -bench . -timeout 0 . ./bench/...

compare: ## alternating rounds against the alternatives, and the bounds we hold ourselves to
	go run ./bench/cmd/compare

report: ## every figure and picture of the documents, in 15 minutes: docs/report
	go run ./bench/cmd/report

report-full: ## the same at length, an hour and more
	go run ./bench/cmd/report -full

soak: ## transfers through faults on little memory, for DURATION in all
	go run ./bench/cmd/soak -duration $(DURATION)

DURATION ?= 10m

# Before Go 1.27 a target may fail with "context deadline exceeded" when its time is over
# (golang/go#75804).
fuzz: export GOTOOLCHAIN := $(GO_NEWEST)
fuzz: ## FUZZTIME for each fuzz target, FUZZJOBS of them at a time on a processor each
	@grep -roE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' . | sed -E 's#/[^/]*:func # #' | sort | \
	xargs -P $(FUZZJOBS) -L 1 sh -c 'cd "$$0" && \
		if out=$$(GOWORK=off go test -run "^$$" -fuzz "^$$1$$" -fuzztime $(FUZZTIME) -parallel 1 . 2>&1); \
		then echo "$$0 $$1: $$(echo "$$out" | grep -o "execs: [0-9]*" | tail -1)"; \
		else echo "$$0 $$1"; echo "$$out"; exit 255; fi'

FUZZTIME ?= 1m
FUZZJOBS ?= 2

minio: bin/minio ## build MinIO, five minutes of CPU once, for the tests that can use it

gitlfs: bin/git-lfs ## build the newest git-lfs, for the tests of examples/gitlfs

tidy: ## tidy every module and the workspace
	@for m in $(MODULES); do (cd $$m && GOWORK=off go mod tidy) || exit 1; done
	go work sync

clean:
	rm -rf bin
