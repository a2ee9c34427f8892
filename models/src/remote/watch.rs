//! Looks after one server: asks what it serves while it is well, tries it out while it is not.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fleet::Fleet;
use super::server::Failure;

/// How often a server that is well is looked at.
const WELL: Duration = Duration::from_secs(10);

/// How often it is asked whether it is time for something.
const TICK: Duration = Duration::from_millis(250);

/// Looks at it again and again; whoever spawns this ends it.
pub(super) async fn watch(fleet: Arc<Fleet>, server: usize) {
    let mut looked: Option<Instant> = None;
    loop {
        let (left_alone, due) = fleet.trial_due(server);
        if due {
            try_out(&fleet, server).await;
        } else if !left_alone && looked.is_none_or(|looked| looked.elapsed() >= WELL) {
            look(&fleet, server).await;
            looked = Some(Instant::now());
        }
        sleep(TICK).await;
    }
}

async fn look(fleet: &Fleet, server: usize) {
    // That it lists its models does not say that it answers: only what went wrong counts.
    if let Err(failure) = fleet.servers[server].look().await {
        fleet.note(server, Err(&failure));
    }
}

async fn try_out(fleet: &Fleet, server: usize) {
    let until = Instant::now() + fleet.waits.first;
    fleet.servers[server].forget();
    let outcome: Result<(), Failure> = async {
        fleet.servers[server].look().await?;
        fleet.servers[server].trial(until).await
    }
    .await;
    fleet.note(server, outcome.as_ref().copied());
}
