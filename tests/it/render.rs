//! From job files to rendered templates: each job in `tests/cases/render`, with the whole output
//! or the drawing of what is wrong.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use platy_manage::diagnostic::text;
use platy_manage::merge::merge;
use platy_manage::project::Project;
use platy_manage::render::{Rendered, Renderer};

fn render(root: &Path, name: &str) -> Result<Rendered, String> {
    let draw = |diagnostics: Vec<_>| text::render(&diagnostics, false);
    let project = Project::from_source(
        root,
        "".into(),
        platy_manage::diagnostic::Source::new(
            "platy.yaml",
            std::fs::read_to_string(root.join("platy.yaml")).unwrap(),
        ),
    )
    .map_err(|failure| draw(failure.diagnostics))?;
    let file = platy_manage::load::load(&project, name).map_err(draw)?;
    let stage = project.stage("devel").unwrap();
    let merged = merge(&project, &file, stage, &[]).map_err(draw)?;
    Renderer::new(&project).render(&project, &merged).map_err(draw)
}

#[test]
fn cases() {
    insta::glob!("../cases/render", "*/jobs/*.yaml", |path| {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let root = path.parent().unwrap().parent().unwrap();
        let output = match render(root, name) {
            Ok(rendered) => rendered.source.text().to_owned(),
            Err(drawing) => drawing,
        };
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(output);
        });
    });
}

/// A finding in the rendered text is shown where it can be mended.
#[test]
fn findings_move_to_what_was_written() {
    use platy_manage::diagnostic::Diagnostic;
    static FINDING: platy_manage::diagnostic::Code =
        platy_manage::diagnostic::Code { id: "P9999", title: "a finding", origin: "" };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/render");
    let find = |case: &str, name: &str, wanted: &str| {
        let rendered = render(&root.join(case), name).unwrap();
        let start = rendered.source.text().find(wanted).unwrap();
        let place = rendered.source.place(start..start + wanted.len());
        text::render(&[rendered.map(Diagnostic::error(&FINDING, "look").at(place))], false)
    };
    insta::assert_snapshot!(find("builtin", "server_full", "45s"), @r#"
    error[P9999]: look
      --> jobs/server_full.yaml:33:17
       |
    33 |   kill_timeout: 45s
       |                 ^^^
       |
      ::: builtin/server.nomad.hcl:34:23
       |
    34 |       kill_timeout = "[[ kill_timeout ]]"
       |                       ------------------ printed by the built-in template here
    "#);
    insta::assert_snapshot!(find("builtin", "server_full", "cores      = 2"), @"
    error[P9999]: look
       --> jobs/server_full.yaml:10:10
        |
     10 |   cores: 2
        |          ^
        |
       ::: builtin/parts.nomad.hcl:206:9
        |
    206 |         cores      = [[ cores ]]
        |         ------------------------ printed by the built-in template here
    ");
    insta::assert_snapshot!(find("builtin", "server_full", "sha256:aa"), @r#"
    error[P9999]: look
       --> jobs/server_full.yaml:27:71
        |
     27 |   artifact: {source: "https://builds.example.com/a.tar.gz", checksum: "sha256:aa"}
        |                                                                       ^^^^^^^^^^^
        |
       ::: builtin/parts.nomad.hcl:279:23
        |
    279 |           checksum = "[[ artifact.checksum ]]"
        |                       ----------------------- printed by the built-in template here
    "#);
    insta::assert_snapshot!(find("builtin", "consumer", "--tag=b"), @"
    error[P9999]: look
       --> jobs/consumer.yaml:9:43
        |
      9 |   taskargs: {dead_letters: true, tag: [a, b]}
        |                                           ^
        |
       ::: builtin/parts.nomad.hcl:196:19
        |
    196 |         args    = [[ arguments | hcl ]]
        |                   --------------------- printed by the built-in template here
    ");
    insta::assert_snapshot!(find("builtin", "consumer", "driver"), @r#"
    error[P9999]: look
      --> builtin/worker.nomad.hcl:50:7
       |
    50 |       driver       = "[[% block driver %]][[ driver ]][[% endblock %]]"
       |       ^^^^^^
    "#);
    insta::assert_snapshot!(find("project", "own", "static = 0080"), @"
    error[P9999]: look
     --> templates/parts/net.nomad.hcl:3:5
      |
    3 |     static = [[ number ]]
      |     ^^^^^^^^^^^^^^^^^^^^^
      |
     ::: jobs/own.yaml:4:27
      |
    4 | config: {taskargs: {port: 0080}}
      |                           ---- the value is set here
    ");
    insta::assert_snapshot!(find("project", "own", "1234e56"), @r#"
    error[P9999]: look
     --> templates/own.nomad.hcl:3:52
      |
    3 |   meta = { image = "[[ vars.registry ]]/[[ name ]]:[[ githash ]]", port = [[ vars.port ]] }
      |                                                    ^^^^^^^^^^^^^
      |
     ::: jobs/own.yaml:3:10
      |
    3 | githash: 1234e56
      |          ------- the value is set here
    "#);
}
