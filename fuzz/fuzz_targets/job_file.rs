//! Any text as a job file in YAML: read, merged, rendered, parsed, judged and compared with itself, in every stage of a
//! small project.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use platy_manage::compile::Compiler;
use platy_manage::diagnostic::{Source, text};
use platy_manage::diff;
use platy_manage::load;
use platy_manage::project::Project;

const PLATY: &str = "clusters: {x: {address: 'http://127.0.0.1:9'}}\n\
    stages:\n  devel: {cluster: local}\n  prod: {cluster: x, protected: true, monitoring: {events: 'https://e.example.com/'}}\n\
    defaults: {config: {user: u, command: /bin/x, env: {A: b}}, envs: {prod: {args: [a]}}}\n";

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    // No file of it is there but this one, so nothing is read that is not here.
    let root = std::env::temp_dir().join("platy-fuzz-no-such-folder");
    Project::from_source(&root, "".into(), Source::new("platy.yaml", PLATY)).expect("the project is right")
});

static COMPILER: LazyLock<Compiler<'static>> =
    LazyLock::new(|| Compiler::new(&PROJECT, jiff::civil::date(2026, 1, 1)));

fuzz_target!(|bytes: &str| {
    let source = Source::new("jobs/web.yaml", bytes);
    let file = match load::load_text(&PROJECT, "web", source) {
        Ok(file) => file,
        Err(problems) => return drawn(&problems),
    };
    for stage in PROJECT.stages.values() {
        match COMPILER.file(&file, stage, &[]) {
            Ok(compiled) => {
                drawn(&compiled.warnings);
                assert!(diff::diff(Some(compiled.job()), Some(&compiled.job().with_defaults())).is_none());
                let _ = compiled.job().to_hcl();
            }
            Err(problems) => drawn(&problems),
        }
    }
});

fn drawn(problems: &[platy_manage::diagnostic::Diagnostic]) {
    assert!(!problems.iter().any(|problem| problem.message.contains('\n')), "{problems:?}");
    let _ = text::render(problems, false);
}
