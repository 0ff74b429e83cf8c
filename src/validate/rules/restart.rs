//! What happens when a task fails, an allocation fails, or a node is lost.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::duration::{seconds, show};
use crate::validate::view::Block;

const DELAY_FUNCTIONS: [&str; 3] = ["constant", "exponential", "fibonacci"];
const RECONCILE: [&str; 4] = ["keep_original", "keep_replacement", "best_score", "longest_running"];
/// The shortest delay between two attempts to reschedule.
const MIN_DELAY: i64 = seconds(5);
/// The shortest interval in which attempts to reschedule are counted.
const MIN_INTERVAL: i64 = seconds(15);

rules! {
    RESTART {
        Error RESTART_MODE = "P0572", mode, "restart's mode is delay or fail", "structs.RestartPolicy.Validate";
        Error RESTART_AMBIGUOUS = "P0573", ambiguous, "a restart policy without attempts has mode fail", "structs.RestartPolicy.Validate";
        Error RESTART_INTERVAL = "P0574", interval, "restart's interval is at least 5s", "structs.RestartPolicy.Validate";
        Error RESTART_TOO_MANY = "P0575", too_many, "all restarts with their delays fit into the interval", "structs.RestartPolicy.Validate";
    }
    RESCHEDULE {
        Error RESCHEDULE_TYPE = "P0576", reschedule_type, "system and sysbatch jobs are not rescheduled", "structs.TaskGroup.Validate";
        Error RESCHEDULE_LIMITS = "P0577", limits, "reschedule has attempts in an interval, or is unlimited, not both", "structs.ReschedulePolicy.Validate";
        Error RESCHEDULE_DELAY = "P0578", delay, "reschedule's delay is at least 5s", "structs.ReschedulePolicy.Validate";
        Error RESCHEDULE_FUNCTION = "P0579", function, "delay_function is constant, exponential or fibonacci", "structs.ReschedulePolicy.Validate";
        Error RESCHEDULE_MAX_DELAY = "P0580", max_delay, "reschedule's max_delay is at least 5s and not less than the delay", "structs.ReschedulePolicy.Validate";
        Error RESCHEDULE_INTERVAL = "P0581", reschedule_interval, "reschedule's interval is at least 15s", "structs.ReschedulePolicy.Validate";
        Error RESCHEDULE_TOO_MANY = "P0582", reschedule_too_many, "all attempts with their delays fit into the interval", "structs.ReschedulePolicy.validateDelayParams";
    }
    DISCONNECT {
        Error DISCONNECT_NEGATIVE = "P0583", disconnect_negative, "the times of `disconnect` are not negative", "structs.DisconnectStrategy.Validate";
        Error DISCONNECT_TYPE = "P0584", disconnect_type, "only service and batch jobs have stop_on_client_after", "structs.DisconnectStrategy.Validate";
        Error DISCONNECT_BOTH = "P0585", disconnect_both, "only one of lost_after and stop_on_client_after is set", "structs.DisconnectStrategy.Validate";
        Error DISCONNECT_RECONCILE = "P0586", reconcile, "reconcile is one of Nomad's four ways", "structs.DisconnectStrategy.Validate";
    }
}

fn mode(_: &Cx<'_>, restart: &Block<'_>, out: &mut Out<'_>) {
    if let Some(mode) = restart.get("Mode").as_str()
        && !matches!(mode, "delay" | "fail")
    {
        out.say(restart.at("Mode"), format!("`{mode}` is no restart mode"))
            .did_you_mean(mode, ["delay", "fail"])
            .hint("use delay or fail");
    }
}

fn ambiguous(_: &Cx<'_>, restart: &Block<'_>, out: &mut Out<'_>) {
    let mode = restart.get("Mode").as_str().unwrap_or("fail");
    if restart.int("Attempts") == Some(0) && mode != "fail" {
        out.say(
            restart.at("Attempts"),
            format!("`attempts = 0` with mode `{mode}` neither restarts nor fails"),
        )
        .hint("set `mode = \"fail\"`, or at least one attempt");
    }
}

fn interval(_: &Cx<'_>, restart: &Block<'_>, out: &mut Out<'_>) {
    if let Some(interval) = restart.int("Interval").filter(|interval| *interval < seconds(5)) {
        out.say(
            restart.at("Interval"),
            format!("restart's `interval` is {}, but must be at least 5s", show(interval)),
        );
    }
}

fn too_many(_: &Cx<'_>, restart: &Block<'_>, out: &mut Out<'_>) {
    let (Some(attempts), Some(delay), Some(interval)) =
        (restart.int("Attempts"), restart.int("Delay"), restart.int("Interval"))
    else {
        return;
    };
    // Go multiplies with overflow.
    if attempts.wrapping_mul(delay) > interval {
        out.say(
            restart.at("Attempts"),
            format!("{attempts} restarts with a delay of {} do not fit into {}", show(delay), show(interval)),
        )
        .related_written(restart, "Interval", "`interval`")
        .hint(format!("set `interval` to at least {}", show(attempts.saturating_mul(delay))));
    }
}

fn reschedule_type(cx: &Cx<'_>, reschedule: &Block<'_>, out: &mut Out<'_>) {
    let kind = cx.job_type();
    if matches!(kind, "system" | "sysbatch") {
        out.say(reschedule.here(), format!("a job of type `{kind}` is not rescheduled"))
            .related(cx.job.at("Type"), "the type")
            .hint("remove the `reschedule` block");
    }
}

/// The numbers of an enabled policy of a job that is rescheduled.
struct Policy {
    attempts: i64,
    interval: i64,
    delay: i64,
    function: String,
    max_delay: i64,
    unlimited: bool,
}

fn policy(cx: &Cx<'_>, reschedule: &Block<'_>) -> Option<Policy> {
    if matches!(cx.job_type(), "system" | "sysbatch") {
        return None;
    }
    let attempts = reschedule.int("Attempts").unwrap_or(0);
    let unlimited = reschedule.bool("Unlimited");
    (attempts > 0 || unlimited).then(|| Policy {
        attempts,
        interval: reschedule.int("Interval").unwrap_or(0),
        delay: reschedule.int("Delay").unwrap_or(0),
        function: reschedule.str("DelayFunction").to_owned(),
        max_delay: reschedule.int("MaxDelay").unwrap_or(0),
        unlimited,
    })
}

fn limits(cx: &Cx<'_>, reschedule: &Block<'_>, out: &mut Out<'_>) {
    let Some(policy) = policy(cx, reschedule).filter(|policy| policy.attempts > 0) else { return };
    if policy.interval <= 0 {
        out.say(reschedule.at("Interval"), "`attempts` is set, but no `interval` to count them in");
    }
    if policy.unlimited {
        // Two sentences of the server on one mistake.
        let attempts = policy.attempts;
        out.say(reschedule.at("Unlimited"), format!("the policy is unlimited and has {attempts} attempts"))
            .related(reschedule.at("Attempts"), "the attempts");
        out.say(reschedule.at("Attempts"), "`attempts` above 0 excludes `unlimited = true`")
            .hint("set `unlimited = false` to keep the attempts, or `attempts = 0`");
    }
}

fn delay(cx: &Cx<'_>, reschedule: &Block<'_>, out: &mut Out<'_>) {
    if let Some(policy) = policy(cx, reschedule)
        && policy.delay < MIN_DELAY
    {
        out.say(
            reschedule.at("Delay"),
            format!("reschedule's `delay` is {}, but must be at least 5s", show(policy.delay)),
        );
    }
}

fn function(cx: &Cx<'_>, reschedule: &Block<'_>, out: &mut Out<'_>) {
    if let Some(policy) = policy(cx, reschedule)
        && !DELAY_FUNCTIONS.contains(&&*policy.function)
    {
        out.say(reschedule.at("DelayFunction"), format!("`{}` is no delay function", policy.function))
            .did_you_mean(&policy.function, DELAY_FUNCTIONS)
            .hint("use constant, exponential or fibonacci");
    }
}

fn max_delay(cx: &Cx<'_>, reschedule: &Block<'_>, out: &mut Out<'_>) {
    let Some(policy) = policy(cx, reschedule).filter(|policy| policy.function != "constant") else {
        return;
    };
    if policy.max_delay < MIN_DELAY {
        out.say(
            reschedule.at("MaxDelay"),
            format!("reschedule's `max_delay` is {}, but must be at least 5s", show(policy.max_delay)),
        );
    }
    if policy.max_delay < policy.delay {
        out.say(
            reschedule.at("MaxDelay"),
            format!("`max_delay` ({}) is less than `delay` ({})", show(policy.max_delay), show(policy.delay)),
        )
        .related(reschedule.at("Delay"), "`delay`");
    }
}

fn reschedule_interval(cx: &Cx<'_>, reschedule: &Block<'_>, out: &mut Out<'_>) {
    if let Some(policy) = policy(cx, reschedule)
        && !policy.unlimited
        && policy.interval < MIN_INTERVAL
    {
        out.say(
            reschedule.at("Interval"),
            format!("reschedule's `interval` is {}, but must be at least 15s", show(policy.interval)),
        );
    }
}

fn reschedule_too_many(cx: &Cx<'_>, reschedule: &Block<'_>, out: &mut Out<'_>) {
    let Some(policy) = policy(cx, reschedule).filter(|policy| !policy.unlimited) else { return };
    // Checked only where the delays themselves are right.
    let exponential = policy.function != "constant";
    let wrong_max = policy.max_delay < MIN_DELAY || policy.max_delay < policy.delay;
    if policy.delay < MIN_DELAY || !DELAY_FUNCTIONS.contains(&&*policy.function) || (exponential && wrong_max)
    {
        return;
    }
    let Err((possible, needed)) = policy.fits() else { return };
    let Policy { attempts, interval, delay, .. } = policy;
    out.say(
        reschedule.at("Attempts"),
        format!(
            "{possible} of {attempts} attempts fit into {} with a {} delay from {} on",
            show(interval),
            policy.function,
            show(delay)
        ),
    )
    .related(reschedule.at("Interval"), "`interval`");
    let seconds = (needed as f64 / 1e9).round() as i64;
    out.say(
        reschedule.at("Interval"),
        format!(
            "{attempts} attempts need an interval of at least {}",
            show(seconds.saturating_mul(1_000_000_000))
        ),
    );
}

impl Policy {
    /// Whether all attempts fit into the interval; else how many do, and the interval needed.
    fn fits(&self) -> Result<(), (i64, i64)> {
        // Beyond this many attempts the sums are far over any interval that a duration can hold
        // with delays of at least 5s.
        const MANY: i64 = 2_000_000;
        let attempts = self.attempts.min(MANY);
        match self.function.as_str() {
            "constant" => {
                let needed = self.attempts.wrapping_mul(self.delay);
                if self.interval < needed {
                    return Err((self.interval.wrapping_div(self.delay).max(0), needed));
                }
            }
            "exponential" => {
                let (mut needed, mut possible) = (0i64, 0);
                for i in 0..attempts {
                    let factor = 2f64.powi(i32::try_from(i).unwrap_or(i32::MAX)) as i64;
                    let next = factor.wrapping_mul(self.delay);
                    if next > self.max_delay || factor > self.max_delay {
                        needed = needed.saturating_add(self.max_delay);
                    } else {
                        needed = next;
                    }
                    if needed < self.interval {
                        possible += 1;
                    }
                }
                if possible < self.attempts {
                    return Err((possible, needed));
                }
            }
            _ => {
                let mut slots = vec![self.delay, self.delay];
                let mut at_ceiling = false;
                for i in 2..usize::try_from(attempts).unwrap_or(0) {
                    let next = if at_ceiling {
                        slots[i - 1].saturating_add(self.max_delay)
                    } else {
                        let sum = slots[i - 1].saturating_add(slots[i - 2]);
                        at_ceiling = sum > self.max_delay;
                        sum.min(self.max_delay)
                    };
                    slots.push(next);
                }
                let needed = slots.last().copied().unwrap_or(0);
                if self.interval < needed {
                    let possible = slots.iter().position(|slot| *slot > self.interval);
                    return Err((i64::try_from(possible.unwrap_or(0)).unwrap_or(0), needed));
                }
            }
        }
        Ok(())
    }
}

fn disconnect_negative(_: &Cx<'_>, disconnect: &Block<'_>, out: &mut Out<'_>) {
    for (json, hcl) in [("StopOnClientAfter", "stop_on_client_after"), ("LostAfter", "lost_after")] {
        if let Some(value) = disconnect.int(json).filter(|value| *value < 0) {
            out.say(disconnect.at(json), format!("`{hcl}` is negative ({})", show(value)));
        }
    }
}

fn disconnect_type(cx: &Cx<'_>, disconnect: &Block<'_>, out: &mut Out<'_>) {
    let kind = cx.job_type();
    if disconnect.int("StopOnClientAfter").is_some() && !matches!(kind, "service" | "batch") {
        out.say(
            disconnect.at("StopOnClientAfter"),
            format!("a job of type `{kind}` has no `stop_on_client_after`"),
        )
        .related(cx.job.at("Type"), "the type");
    }
}

fn disconnect_both(_: &Cx<'_>, disconnect: &Block<'_>, out: &mut Out<'_>) {
    if disconnect.int("StopOnClientAfter").is_some() && disconnect.int("LostAfter").unwrap_or(0) != 0 {
        out.say(disconnect.at("StopOnClientAfter"), "`stop_on_client_after` and `lost_after` are both set")
            .related(disconnect.at("LostAfter"), "`lost_after`")
            .hint("keep one of them");
    }
}

fn reconcile(_: &Cx<'_>, disconnect: &Block<'_>, out: &mut Out<'_>) {
    let word = disconnect.str("Reconcile");
    if !word.is_empty() && !RECONCILE.contains(&word) {
        out.say(disconnect.at("Reconcile"), format!("`{word}` is no way to reconcile"))
            .did_you_mean(word, RECONCILE)
            .hint("use best_score, longest_running, keep_original or keep_replacement");
    }
}
