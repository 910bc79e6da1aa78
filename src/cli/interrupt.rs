//! Waiting for the user, or the system, to say stop.

/// Ctrl-C, or what a pipeline sends when a job is cancelled.
pub(super) async fn interrupted() {
    tokio::select! {
        () = ctrl_c() => {}
        () = terminated() => {}
    }
}

/// What comes of the work; none where the user says stop first.
pub(super) async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        // Listening begins before the work does.
        biased;
        () = interrupted() => None,
        done = work => Some(done),
    }
}

/// A handler that cannot be set up never fires; the system's own then ends the process.
async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
