# The two commands that matter: make run, make test. Both first install what is
# missing on the machine, where they may; where not they say what to type.

.DEFAULT_GOAL := help
.PHONY: help run test check e2e faults load triage learn bench fmt templ
SHELL := /bin/bash

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install what is missing, build, and start a demo with invented people
	@scripts/install run
	@echo 'building ponti: a minute or two the first time'
	@go build -trimpath -buildvcs=false -o bin/ponti ./cmd/ponti
	@exec bin/ponti demo

test: ## install what is missing, then run every check and test, in browsers too
	@scripts/install run test
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory e2e

check: ## format, vet, lint, generated files, tests with the race detector
	@scripts/check

e2e: ## the stories alone: real processes, faults, browsers
	@scripts/gotest e2e -timeout 60m -parallel 2 ./...

faults: ## everything that may break, for as long as it must be withstood: half an hour
	@scripts/install run test
	@PONTI_FAULTS=long scripts/gotest e2e -timeout 60m -parallel 1 -run 'Survives|Withstands|EscalationClimbs|OneWinner|SignedOut|SilentESP|Demo' ./...
	@scripts/gotest . -timeout 10m -run 'Model' ./web/live

load: ## measure speed and memory beside a bare server: half an hour of a quiet machine
	@scripts/install run test
	@PONTI_LOAD=all scripts/load

triage: ## read every set of texts and print what was found, missed and flagged wrongly
	@set -o pipefail; go test -count=1 -v -run 'Sets?$$|OrdinaryChat' ./moderation/triage | sed -n 's/^ *[a-z]*_test.go:[0-9]*: //p' | grep -v '^\(chat\|benign\)-'

learn: ## learn the weights of words anew from all labelled texts (docs/triage.md)
	@go run ./cmd/ponti triage --learn > learned.tmp && mv learned.tmp moderation/triage/learned.bin

bench: ## benchmarks of reading and posting, and of whole pages of a forum with two million posts: half an hour
	@scripts/install run test
	@go test -run '^$$' -bench . ./moderation/triage ./chat ./forum
	@PONTI_BENCH_THREADS=100000 go test -timeout 60m -run '^$$' -bench Forum -benchtime 5s ./web

fmt: ## format Go files and templates
	@gofmt -w .
	@go tool templ fmt web

templ: ## write the Go code of the templates again
	@go tool templ generate -path web
