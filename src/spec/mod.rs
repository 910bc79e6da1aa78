//! What the user wrote: model, loading, diagnostics.
