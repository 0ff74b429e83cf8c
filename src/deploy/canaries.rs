//! Whether the canaries of a deployment are well now.
//!
//! A cluster counts a canary as healthy from the moment when it first was, and goes on counting it after it failed
//! or restarted. Who promotes wants to know how it is now, so its tasks are looked at too.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::outcome::WatchEvent;
use crate::cluster::{Allocation, Deployment, DeploymentGroup, TaskState};

/// The canaries that wait to be promoted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Canaries {
    /// Those that are well: their allocations, each with how often its tasks were restarted.
    pub well: BTreeMap<String, u64>,
    /// What is missing, in words: `0 of 1 in group `web``, with what is wrong with the others.
    pub missing: Vec<String>,
}

/// The time for which canaries have to be well before they are promoted.
#[derive(Debug, Default)]
pub struct Trial {
    /// Whether there are canaries to promote.
    pub open: bool,
    /// Since when they have all been well, and how often their tasks had been restarted then.
    since: Option<(Instant, BTreeMap<String, u64>)>,
    /// What was missing when it was last looked at.
    missing: Vec<String>,
}

impl Trial {
    /// For how long the canaries have been well, without a restart, and what is new to tell.
    pub fn look(
        &mut self,
        deployment: &Deployment,
        allocations: &[Allocation],
    ) -> (Option<Duration>, Option<WatchEvent>) {
        let found = look(deployment, allocations);
        if !found.missing.is_empty() {
            let event =
                (self.missing != found.missing).then(|| WatchEvent::CanariesUnwell(found.missing.clone()));
            (self.since, self.missing) = (None, found.missing);
            return (None, event);
        }
        self.missing.clear();
        let event = match &self.since {
            Some((since, well)) if *well == found.well => return (Some(since.elapsed()), None),
            Some(_) => WatchEvent::CanariesUnwell(vec!["a task of theirs was restarted".to_owned()]),
            None => WatchEvent::CanariesHealthy(Box::new(deployment.clone())),
        };
        self.since = Some((Instant::now(), found.well));
        (Some(Duration::ZERO), Some(event))
    }

    /// When the canaries began to be well, if they are.
    pub fn since(&self) -> Option<Instant> {
        self.since.as_ref().map(|(since, _)| *since)
    }

    /// They are not well, or no longer of interest.
    pub fn again(&mut self) {
        self.since = None;
    }

    /// Why there was no promotion in time.
    pub fn words(&self, after: Duration, timeout: Duration) -> String {
        let why = match (self.missing.is_empty(), self.since()) {
            (false, _) => format!(": {}", self.missing.join(", ")),
            (true, Some(since)) => format!(": they have been so for {}s", since.elapsed().as_secs()),
            (true, None) => String::new(),
        };
        let (after, timeout) = (after.as_secs_f32(), timeout.as_secs_f32());
        format!("the canaries were not healthy for {after}s within {timeout}s{why}")
    }
}

/// Looks at the canaries in these allocations of the job.
pub fn look(deployment: &Deployment, allocations: &[Allocation]) -> Canaries {
    let mut found = Canaries::default();
    for (name, group) in deployment.waiting_for_promotion() {
        let mut wrong = Vec::new();
        let before = found.well.len();
        for allocation in allocations.iter().filter(|allocation| is_canary(group, allocation)) {
            match trouble(allocation) {
                None => {
                    let restarts = allocation.task_states.values().map(|state| state.restarts).sum();
                    found.well.insert(allocation.id.clone(), restarts);
                }
                Some(why) => wrong.push(why),
            }
        }
        let well = (found.well.len() - before) as u64;
        if well < group.desired_canaries {
            let why = if wrong.is_empty() { String::new() } else { format!(" ({})", wrong.join("; ")) };
            found.missing.push(format!("{well} of {} in group `{name}`{why}", group.desired_canaries));
        }
    }
    found
}

fn is_canary(group: &DeploymentGroup, allocation: &Allocation) -> bool {
    group.placed_canaries.contains(&allocation.id) && allocation.desired_status == "run"
}

/// What is wrong with a canary, in words.
fn trouble(allocation: &Allocation) -> Option<String> {
    let id = allocation.id.get(..8).unwrap_or(&allocation.id);
    if allocation.client_status != "running" {
        return Some(format!("allocation {id} is {}", allocation.client_status));
    }
    let broken = |state: &TaskState| state.failed || state.state == "pending";
    if let Some((task, state)) = allocation.task_states.iter().find(|(_, state)| broken(state)) {
        let word = if state.failed { "failed" } else { "does not run" };
        return Some(format!("task `{task}` of allocation {id} {word}"));
    }
    match allocation.deployment_status.healthy {
        Some(true) => None,
        Some(false) => Some(format!("allocation {id} is unhealthy")),
        None => Some(format!("allocation {id} is not healthy yet")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(canaries: &[&str]) -> Deployment {
        serde_json::from_value(json!({
            "ID": "d", "Status": "running",
            "TaskGroups": {
                "web": {"DesiredCanaries": canaries.len(), "PlacedCanaries": canaries, "HealthyAllocs": canaries.len()},
                "done": {"DesiredCanaries": 1, "Promoted": true},
            },
        }))
        .unwrap()
    }

    fn allocation(id: &str, client: &str, state: &str, healthy: Option<bool>, restarts: u64) -> Allocation {
        serde_json::from_value(json!({
            "ID": id, "TaskGroup": "web", "DesiredStatus": "run", "ClientStatus": client,
            "DeploymentStatus": {"Healthy": healthy, "Canary": true},
            "TaskStates": {"run": {"State": state, "Failed": false, "Restarts": restarts}},
        }))
        .unwrap()
    }

    #[test]
    fn a_canary_is_well_while_its_tasks_run() {
        let found = look(&deployment(&["a"]), &[allocation("a", "running", "running", Some(true), 2)]);
        assert_eq!(found.well, BTreeMap::from([("a".to_owned(), 2)]));
        assert!(found.missing.is_empty(), "{found:?}");
    }

    #[test]
    fn what_the_cluster_counts_on_is_not_well() {
        for (client, state, healthy, words) in [
            ("failed", "dead", Some(true), "allocation a is failed"),
            ("running", "pending", Some(true), "task `run` of allocation a does not run"),
            ("running", "running", None, "allocation a is not healthy yet"),
            ("running", "running", Some(false), "allocation a is unhealthy"),
        ] {
            let found = look(&deployment(&["a"]), &[allocation("a", client, state, healthy, 0)]);
            assert_eq!(found.missing, [format!("0 of 1 in group `web` ({words})")]);
        }
        let gone = look(&deployment(&["a", "b"]), &[allocation("b", "running", "running", Some(true), 0)]);
        assert_eq!(gone.missing, ["1 of 2 in group `web`"]);
    }
}
