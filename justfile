# What a contributor runs; `.ci/run` runs the same.

# everything the gate checks
check: fmt-check lint test docs deny

# rewrite the sources in the house style
fmt:
    cargo fmt

fmt-check:
    cargo fmt --check

# clippy with warnings as errors
lint:
    cargo clippy --locked --all-targets -- -D warnings

# all tests
test:
    cargo test --locked

# review changed snapshots (needs cargo-insta)
snap:
    cargo insta review

# the documentation, with warnings as errors
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

# licences, banned crates, sources
deny:
    cargo deny check bans licenses sources

# the generated files: JSON Schema of the spec
generate:
    cargo run --locked -- schema > secgw.schema.json
