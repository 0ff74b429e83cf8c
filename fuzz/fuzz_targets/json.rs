//! Any text as a job in the JSON of Nomad's API: read, filled up, judged, compared, written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platy_manage::diagnostic::Source;
use platy_manage::jobspec::Job;
use platy_manage::{diff, validate};

fuzz_target!(|text: &str| {
    let Ok(job) = Job::from_json(&Source::new("fuzz.json", text)) else { return };
    let _ = validate::jobspec(&job);
    let full = job.with_defaults();
    assert!(diff::diff(Some(&job), Some(&full)).is_none(), "defaults are no difference");
    let _ = full.to_hcl();
});
