//! Tests of the template language as a template's author meets it.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Data, Item, Rendered, Renderer};
use crate::diagnostic::{Diagnostic, Source, text};

static FINDING: crate::diagnostic::Code =
    crate::diagnostic::Code { id: "P9999", title: "a finding in the rendered text", origin: "" };

/// A project in a temporary folder, with these templates.
struct Project {
    folder: tempfile::TempDir,
    yaml: Source,
}

impl Project {
    fn new(templates: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in templates {
            let path = folder.path().join("templates").join(format!("{name}.nomad.hcl"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self {
            folder,
            yaml: Source::new("jobs/a.yaml", "name: fooserver\ncount: 3\nlist: [a, bc]\non: true\n"),
        }
    }

    fn context(&self) -> Arc<Item> {
        let at = |text: &str| {
            let start = self.yaml.text().find(text).unwrap();
            Some(self.yaml.place(start..start + text.len()))
        };
        let map = |entries: Vec<(&str, Arc<Item>)>| {
            Data::Map(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<IndexMap<_, _>>())
        };
        Item::new(map(vec![
            ("name", Item::placed("fooserver", at("fooserver"))),
            ("count", Item::placed(3, at("3"))),
            ("on", Item::placed(true, at("true"))),
            ("half", Item::new(Data::Float(0.5))),
            ("nothing", Item::new(Data::Null)),
            ("evil", Item::new("\"} } job \"evil\" {")),
            ("attr", Item::new("${attr.x}")),
            ("dollar", Item::new("$")),
            ("brace", Item::new("{attr.x}")),
            ("lines", Item::new("one\nEOF\n${two}")),
            ("mark", Item::new("a\u{F0000}0;0;0\u{F0001}b")),
            (
                "list",
                Item::placed(vec![Item::placed("a", at("a,")), Item::placed("bc", at("bc"))], at("[a, bc]")),
            ),
            (
                "taskargs",
                Item::new(map(vec![
                    ("workers", Item::new(10)),
                    ("dry_run", Item::new(true)),
                    ("off", Item::new(false)),
                    ("tag", Item::new(vec![Item::new("x"), Item::new("y \"z\"")])),
                ])),
            ),
        ]))
    }

    fn render(&self, template: &str) -> Result<Rendered, Vec<Diagnostic>> {
        Renderer::in_folder(self.folder.path(), "templates".into()).render_with(
            template,
            None,
            &self.context(),
        )
    }
}

fn rendered(template: &str) -> String {
    match Project::new(&[("t", template)]).render("t") {
        Ok(rendered) => rendered.source.text().to_owned(),
        Err(diagnostics) => text::render(&diagnostics, false),
    }
}

#[test]
fn values_are_escaped_for_the_string_they_stand_in() {
    assert_eq!(rendered(r#"a = "[[ evil ]]""#), r#"a = "\"} } job \"evil\" {""#);
    assert_eq!(rendered(r#"a = "[[ attr ]]""#), r#"a = "$${attr.x}""#);
    assert_eq!(rendered(r#"a = "[[ lines ]]""#), r#"a = "one\nEOF\n$${two}""#);
    assert_eq!(rendered(r#"a = "[[ mark ]]""#), "a = \"a\\U000f00000;0;0\\U000f0001b\"");
    assert_eq!(rendered("a = [[ count ]] [[ on ]] [[ half ]] [[ not on ]]"), "a = 3 true 0.5 false");
    assert_eq!(rendered("[[ 1.0 + 0 ]] [[ 2 ** 70 ]]"), "1 1180591620717411303424");
}

#[test]
fn a_value_and_the_text_around_it_make_no_interpolation() {
    assert_eq!(rendered(r#""[[ dollar ]]{x}""#), r#""\u0024{x}""#);
    assert_eq!(rendered(r#""$[[ brace ]]""#), r#""$\u007battr.x}""#);
    assert_eq!(rendered(r#""[[ dollar ]][[ brace ]]""#), r#""$\u007battr.x}""#);
    assert_eq!(rendered(r#""$[[ attr ]]""#), r#""\u0024$${attr.x}""#);
    assert_eq!(rendered(r#""[[ dollar ]]${x}""#), r#""\u0024${x}""#);
    assert_eq!(rendered(r#""[[ dollar ]] [[ dollar ]]""#), r#""$ $""#);
    assert_eq!(rendered("<<A\n[[ dollar | heredoc ]]{x}\nA"), "<<A\n${\"$\"}{x}\nA");
    assert_eq!(rendered("<<A\n$[[ attr | heredoc ]]\nA"), "<<A\n${\"$\"}$${attr.x}\nA");
}

#[test]
fn a_heredoc_is_not_ended_by_a_value() {
    assert_eq!(rendered("<<EOF\n[[ lines | heredoc ]]\nEOF\n"), "<<EOF\none\nEOF${\"\"}\n$${two}\nEOF\n");
}

#[test]
fn hcl_writes_any_value_as_a_literal() {
    assert_eq!(rendered("a = [[ list | hcl ]]"), r#"a = ["a", "bc"]"#);
    assert_eq!(rendered("a = [[ nothing | hcl ]] [[ evil | hcl ]]"), r#"a = null "\"} } job \"evil\" {""#);
    assert_eq!(rendered("a = [[ {'k': 1, 'a b': [none]} | hcl ]]"), r#"a = { k = 1, "a b" = [null] }"#);
    assert_eq!(
        rendered("a = [[ taskargs | hcl ]]"),
        r#"a = { workers = 10, dry_run = true, off = false, tag = ["x", "y \"z\""] }"#
    );
    assert_eq!(
        rendered("[[ taskargs | args | hcl ]]"),
        r#"["--workers=10", "--dry-run", "--tag=x", "--tag=y \"z\""]"#
    );
    assert_eq!(rendered(r#""[[ list | json ]]""#), r#""[\"a\",\"bc\"]""#);
    assert_eq!(rendered("[[ attr | raw ]]"), "${attr.x}");
}

#[test]
fn captured_text_is_compared_and_escaped_without_marks() {
    assert_eq!(
        rendered("[[% set x %]][[ name ]]-a[[% endset %]][[ x == 'fooserver-a' ]] [[ x | length ]]"),
        "true 11"
    );
    assert_eq!(rendered("[[% set x | upper %]][[ name ]][[% endset %]][[ x ]]"), "FOOSERVER");
    assert_eq!(rendered("[[% filter upper %]]a[[ name ]][[% endfilter %]]"), "AFOOSERVER");
    assert_eq!(
        rendered(
            "[[% macro id(a) %]][[ a ]]-1[[% endmacro %]][[ id(name) == 'fooserver-1' ]] [[ id(name) | hcl ]]"
        ),
        "true \"fooserver-1\""
    );
    assert_eq!(rendered("[[% macro id(a) -%]] [[ a ]] [[%- endmacro %]]<[[ id(name) ]]>"), "<fooserver>");
}

#[test]
fn blanks_are_controlled_as_without_marks() {
    for (template, expected) in [
        ("a\n  [[% if on %]]\n  b\n  [[%- endif %]]\n[[# c #]]\nd\n", "a\n  bd\n"),
        ("a\n  [[% if on %]]\n  b\n  [[% endif %]]\n  [[# c #]]\nd\n", "a\n  b\nd\n"),
        ("a\n  [[- name -]]\n  b", "afooserverb"),
        ("a\n  [[% if on -%]]\n\n  [[ name ]]\n[[% endif %]] x", "a\nfooserver\n x"),
        ("[[% for x in list -%]]\n  [[ x ]],\n[[%- endfor %]]\n", "a,bc,"),
        ("[[% if on %]]\n\n  [[%- if on %]]\n  x\n  [[%+ endif %]]\n[[% endif %]]", "  x\n  "),
        ("[[% raw %]][[ a ]] [[%[[% endraw %]]|sed 's/[#]//'", "[[ a ]] [[%|sed 's/[#]//'"),
        ("a\n[[% raw -%]]\n  [[ a ]]\n[[%- endraw %]]\nb", "a\n[[ a ]]b"),
    ] {
        assert_eq!(rendered(template), expected, "{template}");
        let mut env = minijinja::Environment::new();
        env.set_syntax(super::syntax());
        let list = vec!["a", "bc"];
        let plain = env.render_str(template, minijinja::context! { on => true, name => "fooserver", list });
        assert_eq!(plain.unwrap(), expected, "without marks: {template}");
    }
    assert_eq!(rendered("a\r\nb [[ name ]]\r\n"), "a\r\nb fooserver\r\n");
    assert_eq!(rendered("é [[ \"[[\" ]] ü ]]"), "é [[ ü ]]");
}

#[test]
fn private_use_characters_of_a_template_stay() {
    assert_eq!(
        rendered("a\u{F0000}b[[ name ]]\u{F0000}1;2\u{F0001}"),
        "a\u{F0000}bfooserver\u{F0000}1;2\u{F0001}"
    );
}

#[test]
fn what_has_no_text_is_refused() {
    insta::assert_snapshot!(rendered("a = [[ nothing ]]"), @"
    error[P0306]: `nothing` is null, which has no text
     --> templates/t.nomad.hcl:1:8
      |
    1 | a = [[ nothing ]]
      |        ^^^^^^^
      |
      = help: set `nothing` in the job, or ask `[[% if nothing %]]` first
      = help: write `| hcl` where HCL's `null` is meant
    ");
    insta::assert_snapshot!(rendered("a\nb = \"[[ list ]]\""), @r#"
    error[P0306]: a list or a map has no text
     --> templates/t.nomad.hcl:2:9
      |
    2 | b = "[[ list ]]"
      |         ^^^^
      |
      = help: write `| hcl` for an HCL literal, and `[ ["a"] ]` for a list in a list
    "#);
    insta::assert_snapshot!(rendered("args = [[\"a\", \"b\"]]\n"), @r#"
    error[P0307]: `[[` begins a value of the template, and this is a list in a list
     --> templates/t.nomad.hcl:1:8
      |
    1 | args = [["a", "b"]]
      |        ^^^^^^^^^^^^
      |
      = help: write `[ ["a", "b"] ]`
    "#);
    insta::assert_snapshot!(rendered("a = \"\\[[ evil ]]\""), @r#"
    error[P0310]: a value follows a backslash, which would change its first character
     --> templates/t.nomad.hcl:1:7
      |
    1 | a = "\[[ evil ]]"
      |       ^^^^^^^^^^
      |
      = help: write the backslash as `\\`, or leave it out: values are escaped already
    "#);
}

#[test]
fn a_text_outside_quotes_is_refused() {
    insta::assert_snapshot!(rendered("a = [[ evil ]]"), @"
    error[P0311]: a text stands outside quotes
     --> templates/t.nomad.hcl:1:5
      |
    1 | a = [[ evil ]]
      |     ^^^^^^^^^^
      |
      = help: put quotes around it, or write `| hcl`, which brings its own
    ");
    insta::assert_snapshot!(rendered("a = <<EOT\n[[ evil ]]\nEOT\n"), @"
    error[P0311]: a text in a heredoc has the escapes of a quoted string
     --> templates/t.nomad.hcl:2:1
      |
    2 | [[ evil ]]
      | ^^^^^^^^^^
      |
      = help: write `| heredoc`
    ");
    assert_eq!(rendered("[[ name ]] = [[ name ]]"), "fooserver = fooserver");
    assert_eq!(rendered("a = <<EOT\n[[ attr ]]\nEOT\n"), "a = <<EOT\n$${attr.x}\nEOT\n");
}

#[test]
fn undefined_names_are_refused_with_the_near_miss() {
    insta::assert_snapshot!(rendered("# é\na = \"[[ nmae ]]\"\n"), @r#"
    error[P0305]: `nmae` is not defined
     --> templates/t.nomad.hcl:2:9
      |
    2 | a = "[[ nmae ]]"
      |         ^^^^
      |
      = help: did you mean `name`?
    "#);
    insta::assert_snapshot!(rendered("a = [[ taskargs.worker ]]\n"), @"
    error[P0305]: `taskargs.worker` is not defined
     --> templates/t.nomad.hcl:1:8
      |
    1 | a = [[ taskargs.worker ]]
      |        ^^^^^^^^^^^^^^^
      |
      = help: did you mean `workers`?
      = help: `taskargs` has `dry_run`, `off`, `tag`, `workers`; set `taskargs.worker` in the job, or write `[[ taskargs.worker | default(…) ]]`
    ");
    insta::assert_snapshot!(rendered("[[% if taskargs.worker %]]a[[% endif %]]"), @"
    error[P0305]: `taskargs.worker` is not defined
     --> templates/t.nomad.hcl:1:8
      |
    1 | [[% if taskargs.worker %]]a[[% endif %]]
      |        ^^^^^^^^^^^^^^^
      |
      = help: did you mean `workers`?
      = help: `taskargs` has `dry_run`, `off`, `tag`, `workers`; set `taskargs.worker` in the job, or write `[[ taskargs.worker | default(…) ]]`
    ");
    insta::assert_snapshot!(rendered("[[ taskargs.worker | hcl ]]"), @"
    error[P0305]: `taskargs.worker` is not defined
     --> templates/t.nomad.hcl:1:22
      |
    1 | [[ taskargs.worker | hcl ]]
      |                      ^^^
      |
      = help: did you mean `workers`?
      = help: `taskargs` has `dry_run`, `off`, `tag`, `workers`; set `taskargs.worker` in the job, or write `[[ taskargs.worker | default(…) ]]`
    ");
    insta::assert_snapshot!(rendered("[[ taskargs.a.b ]]"), @"
    error[P0305]: `taskargs.a` is not defined
     --> templates/t.nomad.hcl:1:12
      |
    1 | [[ taskargs.a.b ]]
      |            ^^^^
      |
      = help: `taskargs` has `dry_run`, `off`, `tag`, `workers`; set `taskargs.a` in the job, or write `[[ taskargs.a | default(…) ]]`
    ");
    insta::assert_snapshot!(rendered("[[ name | hlc ]]"), @"
    error[P0309]: filter hlc is unknown
     --> templates/t.nomad.hcl:1:11
      |
    1 | [[ name | hlc ]]
      |           ^^^
      |
      = help: beside minijinja's filters there are `hcl`, `heredoc`, `raw`, `json` and `args`
    ");
    assert_eq!(rendered("[[ taskargs.worker | default(4) ]]"), "4");
}

#[test]
fn syntax_errors_stand_at_their_line() {
    insta::assert_snapshot!(rendered("a\n[[% if %]]\n"), @"
    error[P0304]: the template cannot be read: unexpected end of block
     --> templates/t.nomad.hcl:2:8
      |
    2 | [[% if %]]
      |        ^^^
    ");
    insta::assert_snapshot!(rendered("a\ngrep '[[:alpha:]]'\n"), @r#"
    error[P0304]: the template cannot be read: unexpected `:`
     --> templates/t.nomad.hcl:2:9
      |
    2 | grep '[[:alpha:]]'
      |         ^
      |
      = help: `[[` begins a value of the template: where it is meant as text, write `[[ "[[" ]]`
    "#);
    insta::assert_snapshot!(rendered("a\n[[% for x in list %]]\n"), @"
    error[P0304]: the template cannot be read: unexpected end of input, expected end of block
     --> templates/t.nomad.hcl:2:19
      |
    2 | [[% for x in list %]]
      |                   ^^^
    ");
    insta::assert_snapshot!(rendered("a\nb [[ name\n"), @r#"
    error[P0304]: the template cannot be read: unexpected end of input, expected end of variable block
     --> templates/t.nomad.hcl:2:6
      |
    2 | b [[ name
      |      ^^^^
      |
      = help: `[[` begins a value of the template: where it is meant as text, write `[[ "[[" ]]`
    "#);
}

#[test]
fn bounds_hold() {
    insta::assert_snapshot!(rendered("[[% for a in range(9999) %]][[% for b in range(9999) %]]x[[% endfor %]][[% endfor %]]"), @"error[P0308]: the template prints more than 4 MiB");
    insta::assert_snapshot!(rendered("[[% for a in range(9999) %]][[ 'x' * 10000 ]][[% endfor %]]"), @"error[P0308]: the template prints more than 4 MiB");
    insta::assert_snapshot!(rendered("[[% macro a() %]]\n[[ a() ]]\n[[% endmacro %]]\n[[ a() ]]"), @"
    error[P0308]: the template includes or calls itself without end
     --> templates/t.nomad.hcl:2:4
      |
    2 | [[ a() ]]
      |    ^^^
    ");
    insta::assert_snapshot!(rendered("[[% include 't' %]]"), @"
    error[P0308]: the template includes or calls itself without end
     --> templates/t.nomad.hcl:1:5
      |
    1 | [[% include 't' %]]
      |     ^^^^^^^^^^^
    ");
    insta::assert_snapshot!(rendered("[[% extends 't' %]]"), @"
    error[P0308]: the templates extend each other in a circle
     --> templates/t.nomad.hcl:1:5
      |
    1 | [[% extends 't' %]]
      |     ^^^^^^^^^^^
    ");
    insta::assert_snapshot!(rendered("[[ 'x' * 1000000000000 ]]"), @"
    error[P0308]: the template does not end: it was stopped after 5000000 steps
     --> templates/t.nomad.hcl:1:4
      |
    1 | [[ 'x' * 1000000000000 ]]
      |    ^^^^^^^^^^^^^^^^^^^
    ");
}

#[test]
fn unknown_templates_are_refused() {
    insta::assert_snapshot!(rendered("a\n[[% include 'servr' %]]"), @"
    error[P0301]: there is no template `servr`
     --> templates/t.nomad.hcl:2:5
      |
    2 | [[% include 'servr' %]]
      |     ^^^^^^^^^^^^^^^
      |
      = help: did you mean `server`?
      = help: templates are files `templates/NAME.nomad.hcl`; here are `t`, `server`, `worker`, `consumer`
    ");
    insta::assert_snapshot!(rendered("[[% extends '../secret' %]]"), @"
    error[P0302]: the template `../secret` is outside the project's `templates/`
     --> templates/t.nomad.hcl:1:5
      |
    1 | [[% extends '../secret' %]]
      |     ^^^^^^^^^^^^^^^^^^^
      |
      = help: name a template by its path below `templates/`, with `/` and without `..`
    ");
    insta::assert_snapshot!(rendered("[[% include '/etc/passwd' %]]"), @"
    error[P0302]: the template `/etc/passwd` is outside the project's `templates/`
     --> templates/t.nomad.hcl:1:5
      |
    1 | [[% include '/etc/passwd' %]]
      |     ^^^^^^^^^^^^^^^^^^^^^
      |
      = help: name a template by its path below `templates/`, with `/` and without `..`
    ");
    assert_eq!(rendered("a[[% include 'nix' ignore missing %]]b"), "ab");
    let drawn = Project::new(&[("eightball", "")]).render("eigthball").unwrap_err();
    insta::assert_snapshot!(text::render(&drawn, false), @"
    error[P0301]: there is no template `eigthball`
     |
     = help: did you mean `eightball`?
     = help: templates are files `templates/NAME.nomad.hcl`; here are `eightball`, `server`, `worker`, `consumer`
    ");
}

#[test]
fn an_error_in_an_include_shows_both_places() {
    let project =
        Project::new(&[("t", "a\n  [[% include 'parts/b' %]]\n"), ("parts/b", "x\ny [[ nmae ]]\n")]);
    insta::assert_snapshot!(text::render(&project.render("t").unwrap_err(), false), @"
    error[P0305]: `nmae` is not defined
     --> templates/parts/b.nomad.hcl:2:6
      |
    2 | y [[ nmae ]]
      |      ^^^^
      |
     ::: templates/t.nomad.hcl:2:7
      |
    2 |   [[% include 'parts/b' %]]
      |       ----------------- used here
      |
      = help: did you mean `name`?
    ");
}

#[test]
fn a_symbolic_link_does_not_lead_out() {
    let project = Project::new(&[("t", "[[% include 'out' %]]")]);
    std::fs::write(project.folder.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(
        project.folder.path().join("secret"),
        project.folder.path().join("templates/out.nomad.hcl"),
    )
    .unwrap();
    insta::assert_snapshot!(text::render(&project.render("t").unwrap_err(), false), @"
    error[P0302]: the template `out` is outside the project's `templates/`
     --> templates/t.nomad.hcl:1:5
      |
    1 | [[% include 'out' %]]
      |     ^^^^^^^^^^^^^
      |
      = help: name a template by its path below `templates/`, with `/` and without `..`
    ");
}

/// Each line of the output with the template line that it came from.
fn lines(rendered: &Rendered) -> String {
    let text = rendered.source.text();
    let mut out = String::new();
    for number in 1..=text.lines().count() {
        let line = rendered.source.line(number);
        let start = line.start + (text[line.clone()].len() - text[line.clone()].trim_start().len());
        let origin = rendered.lines.origin(start..start + 1).unwrap();
        out.push_str(&format!("{:<16}{}\n", &text[line], origin.template));
    }
    out
}

#[test]
fn each_line_knows_its_template_line() {
    let project = Project::new(&[
        (
            "t",
            "[[% extends 'base' %]]\n[[% import 'm' as m %]]\n[[% block body %]]\n  [[% for x in list %]]\n  v [[ x ]] w\n  \
             [[% endfor %]]\n  [[ m.two(name) ]]\n  [[% include 'inc' %]]\n  [[ super() ]]\n[[% endblock %]]\n",
        ),
        ("base", "first\n[[% block body %]]\n  base body\n[[% endblock %]]\nlast [[ count ]]\n"),
        ("m", "\n[[% macro two(a) %]]\none [[ a ]]\n  two\n[[%- endmacro %]]\n"),
        ("inc", "i1\n\ni3\n"),
    ]);
    insta::assert_snapshot!(lines(&project.render("t").unwrap()), @"
    first           templates/base.nomad.hcl:1:1
      v a w         templates/t.nomad.hcl:5:3
      v bc w        templates/t.nomad.hcl:5:3
      one fooserver templates/m.nomad.hcl:3:1
      two           templates/m.nomad.hcl:4:3
    i1              templates/inc.nomad.hcl:1:1
                    templates/inc.nomad.hcl:2:1
    i3              templates/inc.nomad.hcl:3:1
        base body   templates/base.nomad.hcl:3:3
                    templates/t.nomad.hcl:9:16
    last 3          templates/base.nomad.hcl:5:1
    ");
}

#[test]
fn a_finding_moves_to_the_template_and_the_value() {
    let project = Project::new(&[(
        "t",
        "job \"[[ name ]]\" {\n  count = [[ count ]]\n  args = [[ list | hcl ]]\n  x = 1\n}\n",
    )]);
    let rendered = project.render("t").unwrap();
    let find = |text: &str| {
        let start = rendered.source.text().find(text).unwrap();
        let finding =
            Diagnostic::error(&FINDING, "look").at(rendered.source.place(start..start + text.len()));
        text::render(&[rendered.map(finding)], false)
    };
    insta::assert_snapshot!(find("count = 3"), @"
    error[P9999]: look
     --> templates/t.nomad.hcl:2:3
      |
    2 |   count = [[ count ]]
      |   ^^^^^^^^^^^^^^^^^^^
      |
     ::: jobs/a.yaml:2:8
      |
    2 | count: 3
      |        - the value is set here
    ");
    insta::assert_snapshot!(find("\"fooserver\""), @r#"
    error[P9999]: look
     --> templates/t.nomad.hcl:1:5
      |
    1 | job "[[ name ]]" {
      |     ^^^^^^^^^^^^
      |
     ::: jobs/a.yaml:1:7
      |
    1 | name: fooserver
      |       --------- the value is set here
    "#);
    insta::assert_snapshot!(find("bc"), @"
    error[P9999]: look
     --> templates/t.nomad.hcl:3:10
      |
    3 |   args = [[ list | hcl ]]
      |          ^^^^^^^^^^^^^^^^
      |
     ::: jobs/a.yaml:3:11
      |
    3 | list: [a, bc]
      |           -- the value is set here
    ");
    insta::assert_snapshot!(find("x = 1"), @"
    error[P9999]: look
     --> templates/t.nomad.hcl:4:3
      |
    4 |   x = 1
      |   ^^^^^
    ");
}

#[test]
fn macros_of_an_imported_template_see_the_context() {
    let project = Project::new(&[
        ("t", "[[% import 'm' as m %]]\n[[ m.one() ]]\n[[% block b %]][[ m.two(count) ]][[% endblock %]]"),
        (
            "m",
            "[[% macro one() %]]\n[[ name ]]\n[[%- endmacro %]]\n[[% macro two(a) %]]\n[[ a ]][[ taskargs.workers ]]\n[[%- endmacro %]]\n",
        ),
        ("u", "[[% extends 't' %]]\n[[% block b %]]<[[ super() ]]>[[% endblock %]]"),
    ]);
    assert_eq!(project.render("u").unwrap().source.text(), "fooserver\n<310>");
}

/// Pieces of templates, whole and broken.
const PIECES: &[&str] = &[
    "[[ name ]]",
    "[[- name -]]",
    "[[% if on %]]",
    "[[%- if on -%]]",
    "[[% endif %]]",
    "[[%- endif +%]]",
    "[[# c #]]",
    "[[#- c -#]]",
    "[[% raw %]]",
    "[[%- raw -%]]",
    "[[% endraw %]]",
    "[[% for x in list %]]",
    "[[ x ]]",
    "[[% endfor %]]",
    "[[% set y %]]",
    "[[% endset %]]",
    "[[ y ]]",
    "[[% macro f(a) %]]",
    "[[% endmacro %]]",
    "[[ f(name) ]]",
    "[[% filter upper %]]",
    "[[% endfilter %]]",
    "[[ '[[' ]]",
    "[[ {'a': [1]}.a[0] ]]",
    "[[",
    "]]",
    "%]]",
    "#]]",
    "[",
    "]",
    "{",
    "}",
    "$",
    "%",
    "\\",
    "\"",
    "'",
    " ",
    "\n",
    "\r\n",
    "  ",
    "\t",
    "a",
    "\u{e9}",
    "\u{F0000}",
    "\u{F0001}",
    "3",
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(500))]

    /// The marks change nothing but the map: what renders without them renders the same with them.
    #[test]
    fn marks_change_nothing(picks in proptest::collection::vec(0..PIECES.len(), 0..24)) {
        let template: String = picks.into_iter().map(|i| PIECES[i]).collect();
        let mut env = minijinja::Environment::new();
        env.set_syntax(super::syntax());
        env.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::Custom("hcl".into()));
        super::filters::install(&mut env);
        let list = vec!["a", "bc"];
        let context = minijinja::context! { on => true, name => "fooserver", list };
        let plain = env.template_from_str(&template).and_then(|template| template.render(context));
        let marked = Project::new(&[("t", &template)]).render("t");
        match (plain, marked) {
            (Ok(plain), Ok(marked)) => {
                // Where the template itself has the mark's character, only the marked one is right.
                if !template.contains('\u{F0000}') {
                    proptest::prop_assert_eq!(&strip(&plain), marked.source.text());
                }
            }
            (Err(_), Err(_)) => {}
            (Ok(_), Err(problems)) => {
                let known = |d: &Diagnostic| ["P0307", "P0310", "P0311"].contains(&d.code.id);
                proptest::prop_assert!(problems.iter().all(known), "{problems:?}");
            }
            (Err(error), Ok(_)) => proptest::prop_assert!(false, "only without marks: {error} {template:?}"),
        }
    }
}

/// What the formatter printed, without its marks.
fn strip(text: &str) -> String {
    let (text, _, _) = super::map::unmark(text, Vec::new(), &[], &Item::new(Data::Null));
    text
}
