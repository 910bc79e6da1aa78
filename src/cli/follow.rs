//! Follows an apply: shows its events while it runs, and passes an interruption on.
//!
//! In a terminal, lines that are drawn over say what runs, for how long, and how long it usually takes. Elsewhere a
//! line is written when a change ends, and one every half minute that says the run is alive.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::interrupt::interrupted;
use super::output::Output;
use crate::apply::{self, Event, Job, Report};
use crate::render::jsonl;
use crate::render::progress::{Board, title};

/// GitHub and Azure Pipelines end jobs that say nothing for long; people look away sooner.
const HEARTBEAT: Duration = Duration::from_secs(30);
const REDRAW: Duration = Duration::from_millis(200);
/// Running changes that are shown at a time.
const LIVE_LINES: usize = 8;

/// How far it got.
pub(super) enum Followed {
    /// To the end; whether it was told to stop on the way.
    Ended { report: Box<Report>, stopped: bool },
    /// The user did not want to wait for the end.
    Left,
}

/// Applies, showing what happens. The first interruption stops new changes, the second leaves at once.
pub(super) async fn follow(job: Job<'_>, output: &Output) -> Followed {
    let (tell, events) = unbounded_channel();
    let (stop, stopped) = watch::channel(false);
    let mut reporter = Reporter::new(job.plan, output);
    let run = apply::run(job, tell, stopped);
    tokio::pin!(run);
    let mut events = Some(events);
    let mut report = None;
    let mut ticks = interval_at(Instant::now() + reporter.pace(), reporter.pace());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut interruption = Box::pin(interrupted());
    loop {
        tokio::select! {
            biased;
            event = next(&mut events) => match event {
                Some(event) => reporter.take(&event),
                None => events = None,
            },
            () = &mut interruption => {
                if stop.send_replace(true) {
                    reporter.leave();
                    return Followed::Left;
                }
                reporter.stop();
                interruption = Box::pin(interrupted());
            }
            ended = &mut run, if report.is_none() => report = Some(ended),
            _ = ticks.tick() => reporter.tick(),
        }
        // The last events are shown before the end is.
        if events.is_none()
            && let Some(report) = report.take()
        {
            reporter.finish();
            return Followed::Ended {
                report: Box::new(report),
                stopped: *stop.borrow(),
            };
        }
    }
}

/// The next event; never again after the last.
async fn next(events: &mut Option<UnboundedReceiver<Event>>) -> Option<Event> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

struct Reporter<'a> {
    output: &'a Output,
    board: Board,
    began: Instant,
    live: Option<Live>,
}

/// The lines that are drawn over: one message of as many lines as there is to tell.
struct Live {
    all: MultiProgress,
    bar: ProgressBar,
}

impl Live {
    fn new() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let plain = ProgressStyle::with_template("{msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = all.add(ProgressBar::new_spinner().with_style(plain));
        Self { all, bar }
    }
}

impl<'a> Reporter<'a> {
    fn new(plan: &crate::plan::Plan, output: &'a Output) -> Self {
        Self {
            output,
            board: Board::new(plan),
            began: Instant::now(),
            live: output.is_live().then(Live::new),
        }
    }

    fn pace(&self) -> Duration {
        if self.live.is_some() {
            REDRAW
        } else {
            HEARTBEAT
        }
    }

    fn take(&mut self, event: &Event) {
        self.output
            .event(|| jsonl::event(event, self.began.elapsed()));
        let line = self
            .board
            .take(event, self.began.elapsed(), self.output.is_detailed());
        if let Some(line) = line {
            self.line(&line);
        }
    }

    fn line(&self, line: &str) {
        let shown = self
            .live
            .as_ref()
            .map(|live| live.all.println(self.output.for_stderr(line)).is_ok());
        if shown != Some(true) {
            self.output.say(&format!("{line}\n"));
        }
    }

    fn tick(&self) {
        let now = self.began.elapsed();
        let Some(live) = &self.live else {
            self.output.say(&format!("{}\n", self.board.heartbeat(now)));
            return;
        };
        let width = self.output.room().width.saturating_sub(4);
        let running = self.board.running().iter();
        let lines = running
            .take(LIVE_LINES)
            .map(|(key, running)| format!("  … {}", running.live(key, now, width)));
        let lines: Vec<String> = [title(&self.board, now)].into_iter().chain(lines).collect();
        live.bar.set_message(lines.join("\n"));
    }

    fn finish(&self) {
        if let Some(live) = &self.live {
            // Only a terminal that has gone away can refuse.
            drop(live.all.clear());
        }
    }

    fn stop(&self) {
        self.line("Stopping: nothing new is started. Ctrl-C again leaves at once.");
        self.left();
    }

    fn leave(&self) {
        self.finish();
        self.output.error("Left before the end.\n");
        self.left();
    }

    /// What Azure is still at work on, and how to go on.
    fn left(&self) {
        let left = self.board.left_to_azure(self.began.elapsed());
        if !left.is_empty() {
            self.line("Azure is still at work on:");
            for line in &left {
                self.line(line);
            }
        }
        self.line("Run the same command again to go on from there.");
    }
}
