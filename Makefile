# The front door. CMake does the work (CMakePresets.json); each target installs what it needs when it is missing (Debian 12, root or sudo).
#   make             the release command, build/release/pyforge
#   make demo        converts the sample of examples/ and shows the result
#   make check       builds everything, runs every test                    (minutes)
#   make check-full  also ThreadSanitizer, coverage thresholds, wheels, ten minutes of each fuzz target
#   make bench       peers, the original and pyforge side by side, figures to build/bench/RESULTS.md      ARGS="--quick" "--only xlsx,mission"
#   make fuzz        every fuzz target, FUZZ_SECONDS=600 each
#   make coverage    line coverage, build/coverage/html/index.html
#   make wheel       the wheel of the Python package and the sdist, in build/dist      ARCH="x86_64 aarch64"
#   make check-wheel installs and uses them on every Python there is               ARGS=--full: also on other systems
#   make install     PREFIX=/usr/local DESTDIR=
#   make format      lays the C sources out as .clang-format says
#   make clean
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 600
JOBS ?= $(shell nproc)
ARGS ?=
ARCH ?= x86_64
export JOBS

.PHONY: release demo check check-full bench fuzz coverage wheel sdist check-wheel install format clean
.DEFAULT_GOAL := release

release:
	@scripts/install.sh build
	@scripts/build.sh release

demo: release
	@scripts/demo.sh

check:
	@scripts/install.sh check
	@python3 scripts/check.py

check-full:
	@scripts/install.sh full
	@python3 scripts/check.py --full --fuzz-seconds $(FUZZ_SECONDS)

bench:
	@scripts/install.sh check
	@scripts/venv.sh
	@scripts/build.sh release
	@build/venv/bin/python bench/run.py $(ARGS)

fuzz:
	@scripts/install.sh check
	@scripts/fuzz.sh $(FUZZ_SECONDS)

coverage:
	@scripts/install.sh full
	@scripts/venv.sh
	@python3 scripts/coverage.py

wheel:
	@scripts/install.sh wheel
	@scripts/wheel.sh sdist $(ARCH)

sdist:
	@scripts/install.sh wheel
	@scripts/wheel.sh sdist

check-wheel:
	@scripts/install.sh $(if $(findstring --full,$(ARGS)),wheel-full,wheel)
	@scripts/test_wheel.sh $(ARGS)

# Builds only when there is nothing to install yet, so that `sudo make install` after `make` leaves no root-owned objects.
install:
	@test -x build/release/pyforge || $(MAKE) release
	cmake --install build/release --prefix $(PREFIX)

format:
	@scripts/install.sh check
	@find include src tests/unit fuzz bench -name '*.[ch]' -exec clang-format-16 -i {} +

clean:
	rm -rf build
