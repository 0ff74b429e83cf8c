//! Any text: parsed, evaluated, judged, written as JSON and as HCL, and read back; formatted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use platy_manage::diagnostic::Source;
use platy_manage::jobspec::{self, Variables, syntax};
use platy_manage::{diff, validate};

fuzz_target!(|text: &str| {
    let source = Source::new("fuzz.nomad.hcl", text);
    let _ = syntax::format(text);
    let Ok(job) = jobspec::parse(&source, &Variables::default()) else { return };
    let _ = validate::jobspec(&job);
    let json = job.to_json();
    // JSON can be without a name, and HCL cannot write that.
    if job.id().is_empty() {
        return;
    }
    let hcl = job.to_hcl();
    let again = jobspec::parse(&Source::new("written", hcl.as_str()), &Variables::default());
    assert_eq!(again.ok().map(|again| again.to_json()), Some(json), "{hcl}");
    assert!(diff::diff(Some(&job), Some(&job)).is_none());
});
