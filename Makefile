# What a newcomer needs: `make demo` and `make test`. Both install what is missing. `make help` lists the rest.

# Cargo builds here; setup/build-folder says why it is not simply target/.
BUILD := $(shell setup/build-folder)
CARGO_FLAGS := --release --locked
# Where the model runs, such as FEATURES=cuda; without it, on the CPU.
FEATURES ?=
# The models that the tests run on.
MODELS := smollm2-135m-instruct all-minilm-l6-v2

export CARGO_TARGET_DIR := $(BUILD)
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help demo test check build clean ready

help:
	@echo 'make demo    learn a sample course, answer a question from it, and go on as a chat'
	@echo 'make test    formatting, lints and every test, with the real models'
	@echo 'make check   formatting, lints and the tests that need no model'
	@echo 'make build   the program alone: $(BUILD)/release/tutor'
	@echo 'make clean   remove what was built'
	@echo
	@echo 'FEATURES=cuda (or vulkan, metal, rocm) builds for a GPU: make demo FEATURES=cuda'

demo: build
	@'$(BUILD)/release/tutor' demo

# Formatting and lints come first, since they fail sooner. All steps share one build of llama.cpp: same profile, same packages.
test: ready
	@echo '— formatting' && cargo fmt --all --check
	@echo '— lints' && cargo clippy $(CARGO_FLAGS) --workspace --all-targets -- -D warnings
	@echo '— build' && cargo test $(CARGO_FLAGS) --workspace --no-run
	@echo '— models' && for model in $(MODELS); do '$(BUILD)/release/tutor' models pull $$model || exit 1; done
	@echo '— tests' && cargo test $(CARGO_FLAGS) --workspace

check: ready
	@echo '— formatting' && cargo fmt --all --check
	@echo '— lints' && cargo clippy $(CARGO_FLAGS) --workspace --all-targets -- -D warnings
	@echo '— tests' && cargo test $(CARGO_FLAGS) --workspace --lib --bins

build: ready
	@test -x '$(BUILD)/release/tutor' || echo 'Building the tutor. The first time this takes about ten minutes on two cores.'
	@cargo build $(CARGO_FLAGS) --workspace --bins $(if $(FEATURES),--features $(FEATURES))

clean:
	@rm -rf -- '$(BUILD)'

# The tools that the build needs, and a build folder that does not grow for ever.
ready:
	@setup/packages
	@setup/bound-build '$(BUILD)'
