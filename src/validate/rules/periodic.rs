//! Jobs that start by the clock, and jobs that are dispatched.

use super::rules;
use super::{Cx, Out};
use crate::validate::formats::cron;
use crate::validate::view::Block;

rules! {
    PERIODIC {
        Error PERIODIC_TYPE = "P0532", periodic_type, "only batch and sysbatch jobs are periodic", "structs.Job.Validate";
        Error CRON_TWICE = "P0533", twice, "only one of cron and crons is set", "structs.PeriodicConfig.Validate";
        Error CRON_MISSING = "P0534", missing, "a periodic job has a cron expression", "structs.PeriodicConfig.Validate";
        Error TIME_ZONE = "P0535", time_zone, "time_zone is a name of the IANA database", "structs.PeriodicConfig.Validate";
        Error CRON_SYNTAX = "P0536", syntax, "cron expressions can be read", "structs.PeriodicConfig.Validate";
        Error CRON_KIND = "P0537", kind, "the kind of schedule is cron", "structs.PeriodicConfig.Validate";
        Note TIME_ZONE_UNKNOWN = "P0538", time_zone_unknown, "whether time_zone exists, where this machine has no time zone database", "structs.PeriodicConfig.Validate";
    }
    PARAMETERIZED {
        Error PARAMETERIZED_TYPE = "P0539", parameterized_type, "only batch and sysbatch jobs are parameterized", "structs.Job.Validate";
        Error PAYLOAD_WORD = "P0540", payload, "payload is optional, required or forbidden", "structs.ParameterizedJobConfig.Validate";
        Error META_TWICE = "P0541", meta, "no meta key is both required and optional", "structs.ParameterizedJobConfig.Validate";
    }
}

fn is_batch(cx: &Cx<'_>) -> bool {
    matches!(cx.job_type(), "batch" | "sysbatch")
}

fn periodic_type(cx: &Cx<'_>, periodic: &Block<'_>, out: &mut Out<'_>) {
    if !is_batch(cx) {
        let kind = cx.job_type();
        out.say(periodic.here(), format!("a job of type `{kind}` cannot be periodic"))
            .related(cx.job.at("Type"), "the type")
            .hint("set `type = \"batch\"` or `type = \"sysbatch\"`");
    }
}

fn twice(_: &Cx<'_>, periodic: &Block<'_>, out: &mut Out<'_>) {
    if !periodic.str("Spec").is_empty() && periodic.has_any("Specs") {
        out.say(periodic.at("Spec"), "`cron` and `crons` are both set")
            .related(periodic.at("Specs"), "`crons`")
            .hint("keep `crons`");
    }
}

fn missing(_: &Cx<'_>, periodic: &Block<'_>, out: &mut Out<'_>) {
    if periodic.str("Spec").is_empty() && !periodic.has_any("Specs") {
        out.say(periodic.here(), "the periodic job has no cron expression")
            .hint("add `crons = [\"*/15 * * * *\"]`");
    }
}

fn time_zone(_: &Cx<'_>, periodic: &Block<'_>, out: &mut Out<'_>) {
    let zone = periodic.str("TimeZone");
    if cron::is_time_zone(zone) == Some(false) {
        let finding = out.say(periodic.at("TimeZone"), format!("there is no time zone `{zone}`"));
        match cron::nearest_time_zone(zone) {
            Some(near) => finding.hint(format!("did you mean `{near}`?")),
            None => finding.hint("use a name of the IANA database, such as `Europe/Berlin`"),
        };
    }
}

fn time_zone_unknown(_: &Cx<'_>, periodic: &Block<'_>, out: &mut Out<'_>) {
    let zone = periodic.str("TimeZone");
    if cron::is_time_zone(zone).is_none() {
        out.say(
            periodic.at("TimeZone"),
            format!("not checked offline: whether there is a time zone `{zone}` (this machine has no time zone database)"),
        );
    }
}

fn syntax(_: &Cx<'_>, periodic: &Block<'_>, out: &mut Out<'_>) {
    if !matches!(periodic.str("SpecType"), "" | "cron") {
        return;
    }
    let spec = periodic.str("Spec");
    if !spec.is_empty()
        && let Err(why) = cron::check(spec)
    {
        out.say(periodic.at("Spec"), format!("the cron expression `{spec}` cannot be read: {why}"));
    }
    for (i, spec) in periodic.strs("Specs") {
        if let Err(why) = cron::check(spec) {
            out.say(
                periodic.at_index("Specs", i),
                format!("the cron expression `{spec}` cannot be read: {why}"),
            );
        }
    }
}

fn kind(_: &Cx<'_>, periodic: &Block<'_>, out: &mut Out<'_>) {
    // `_internal_test` is for Nomad's own tests.
    let kind = periodic.get("SpecType").as_str().unwrap_or("cron");
    if !matches!(kind, "cron" | "_internal_test") {
        out.say(periodic.at("SpecType"), format!("`{kind}` is no kind of schedule"))
            .hint("the only kind is `cron`");
    }
}

fn parameterized_type(cx: &Cx<'_>, parameterized: &Block<'_>, out: &mut Out<'_>) {
    if !is_batch(cx) {
        let kind = cx.job_type();
        out.say(parameterized.here(), format!("a job of type `{kind}` cannot be parameterized"))
            .related(cx.job.at("Type"), "the type")
            .hint("set `type = \"batch\"` or `type = \"sysbatch\"`");
    }
}

fn payload(_: &Cx<'_>, parameterized: &Block<'_>, out: &mut Out<'_>) {
    let payload = parameterized.str("Payload");
    const WORDS: [&str; 3] = ["optional", "required", "forbidden"];
    if !payload.is_empty() && !WORDS.contains(&payload) {
        out.say(parameterized.at("Payload"), format!("`{payload}` says nothing about the payload"))
            .did_you_mean(payload, WORDS)
            .hint("use optional, required or forbidden");
    }
}

fn meta(_: &Cx<'_>, parameterized: &Block<'_>, out: &mut Out<'_>) {
    let required: Vec<_> = parameterized.strs("MetaRequired").collect();
    let mut both: Vec<_> = parameterized
        .strs("MetaOptional")
        .filter(|(_, key)| required.iter().any(|(_, other)| other == key))
        .collect();
    both.dedup_by_key(|(_, key)| *key);
    if let Some((i, _)) = both.first() {
        let keys: Vec<_> = both.iter().map(|(_, key)| format!("`{key}`")).collect();
        out.say(
            parameterized.at_index("MetaOptional", *i),
            format!("{} stand among both the required and the optional meta keys", keys.join(", ")),
        )
        .related(parameterized.at("MetaRequired"), "the required ones");
    }
}
