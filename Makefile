# Everything a newcomer types. The work is done by cmake/*.sh and CMake; see CONTRIBUTING.md.
PRESET ?= release
BIN    := build/$(PRESET)/bin
RANKS  ?= 2
RUNS   ?= 1000000
SEED   ?= 0
PREFIX ?= dist/litebench
.NOTPARALLEL:
.PHONY: demo demo-build test test-build build deps install bench fuzz faults format tidy pocket packaging-test clean help

help:            ## what can be made
	@sed -n 's/^\([a-z-]*\):[^\#]*\#\# */  make \1\t/p' Makefile | expand -t 24

demo: demo-build ## set up, build, run configs/demo.toml on 2 ranks, print its table
	@sed -n '/^\[/q;s/^# //p' configs/demo.toml
	$(BIN)/litebench launch -n $(RANKS) --config configs/demo.toml

demo-build:
	@cmake/setup.sh slim
	@cmake/build.sh $(PRESET) litebench litebench-run litebench-reduce

test: test-build ## set up, build, run every test that needs no GPU and no network
	ctest --preset $(PRESET)
	ctest --preset fuzz

test-build:
	@cmake/setup.sh full
	@cmake/build.sh $(PRESET)
	@cmake/build.sh fuzz -DLITEBENCH_FUZZ_RUNS=-1 -DLITEBENCH_FUZZ_SECONDS=5

build: deps      ## build everything (PRESET=release, debug, asan, cuda, fuzz)
	@cmake/build.sh $(PRESET)

deps:            ## install what the build and the tests need
	@cmake/setup.sh full

install: deps    ## a relocatable tree in PREFIX
	@cmake/build.sh $(PRESET) litebench litebench-run litebench-reduce
	cmake --install build/$(PRESET) --prefix $(PREFIX)

bench: build     ## ratios measured in one run (half an hour; wants a quiet machine); table and build/PRESET/bench/all.json
	@rm -rf build/$(PRESET)/bench
	@ctest --test-dir build/$(PRESET) -L bench --no-tests=error --verbose; status=$$?; . build/environment; \
	"$$LITEBENCH_PYTHON" tests/bench/table.py build/$(PRESET)/bench; exit $$status

fuzz: deps       ## RUNS executions of every fuzzer under ASan and UBSan
	@cmake/build.sh fuzz -DLITEBENCH_FUZZ_RUNS=$(RUNS) -DLITEBENCH_FUZZ_SECONDS=0
	ctest --preset fuzz --verbose

faults: build    ## KILLS=200 FLIPS=10000 FULL=50: the long versions of the fault tests (half an hour and more)
	@cmake/build.sh asan tests_shards_store
	@tests/fault/long.sh

format:          ## clang-format over all sources
	git ls-files '*.hpp' '*.cpp' '*.cu' | xargs clang-format -i

tidy:            ## clang-tidy over the sources that differ from main
	@cmake/tidy.sh

pocket: deps     ## train the pocket model from nothing and compare it with the shipped one (an hour or two)
	@. build/environment && "$$LITEBENCH_PYTHON" -m model.pocket all build/pocket/$(SEED) --seed $(SEED)

packaging-test:  ## a fresh Debian 12 in a folder: clone, make demo, twice (root, network, minutes)
	@tests/packaging/bare_debian.sh

clean:           ## remove build trees (keeps .venv)
	rm -rf build
