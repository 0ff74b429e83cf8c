//! Every change names the line and layer that it came from: each key of the job file is edited once,
//! and every difference that follows has the place of that edit.
//!
//! A case is a piece of a job file and what it is edited to, in which `«` stands before the value to
//! which all that changes must lead.

use serde_json::Value;

use crate::cli_project::Cli;

const PLATY: &str = "\
default_stage: devel
stages:
  devel: {cluster: local}
defaults:
  config:
    env: {FROM_DEFAULTS: 'on'}
";

const SERVER: &str = r#"file: server
user: cbe
config:
  buildname: eight
  githash: abc1230
  num_instances: 8
  cpu: 0.5
  ram: 256
  ram_max: 512
  disk: 120
  driver: docker
  image: 'registry.example.com/web:1.0'
  command: /bin/web
  args:
    - --one=1
    - --two=2
    - --three=3
  env:
    LOG_LEVEL: info
    "REGION.NAME": eu
  ports:
    http: 8080
    admin:
      to: 9090
      static: 9443
      host_network: public
  health:
    type: http
    path: /healthz
    port: http
    interval: 10s
    timeout: 2s
  owner: search
  team: core
  alerts:
    page: search-oncall
    mail:
      - search@example.com
  constraints:
    - attribute: ${attr.cpu.arch}
      operator: "!="
      value: arm64
    - ${attr.kernel.name} = linux
  update:
    max_parallel: 2
    canary: 1
    health_check: checks
    min_healthy_time: 11s
    healthy_deadline: 4m
    progress_deadline: 12m
    auto_revert: true
    auto_promote: true
  restart:
    attempts: 3
    interval: 6m
    delay: 14s
    mode: fail
  secrets:
    DB_PASSWORD: "nomad/jobs/web#db_password"
    API_KEY: "nomad/jobs/web#api_key"
  volumes:
    data:
      type: host
      source: data
      mount: /data
      read_only: false
  tags:
    - public
    - api
  meta:
    tier: gold
    zone: west
  kill_timeout: 31s
  kill_signal: SIGINT
  shutdown_delay: 6s
  priority: 51
  artifact:
    source: 'https://builds.example.com/a.tar.gz'
    destination: local/a
    mode: any
    checksum: 'md5:d41d8cd98f00b204e9800998ecf8427e'
  scaling:
    min: 1
    max: 10
  datacenters:
    - dc1
    - dc2
  node_pool: gpu
"#;

/// What the job above cannot have: whole cores, a count that no autoscaler holds, a check by a script.
const SCRIPT: &str = "file: server
config:
  user: cbe
  image: 'registry.example.com/web:1.0'
  num_instances: 8
  disk: 120
  health:
    type: script
    command: /bin/check
    args:
      - --fast
      - --deep
  datacenters: [dc1]
  cores: 2
  ports:
    - http
";

const PERIODIC: &str = "file: worker
config:
  user: cbe
  driver: exec
  command: /bin/work
  schedule:
    - '15 3 * * *'
    - '15 4 * * *'
  timezone: UTC
  overlap: false
  kill_timeout: 20s
  monitoring: inject
";

const DISPATCHED: &str = "file: worker
config:
  user: cbe
  image: 'registry.example.com/work:1.0'
  command: /bin/work
  parameters:
    payload: optional
    required:
      - date
    optional:
      - dry_run
";

const CONSUMER: &str = "file: consumer
config:
  user: cbe
  image: 'registry.example.com/read:1.0'
  consume:
    stream: orders
    group: billing
    parallelism: 4
";

const IGOR: &str = "file: igor
config:
  user: cbe
  buildname: igor
  githash: abc1230
  taskargs:
    workers: 10
    work: index
    verbose: true
    queues:
      - one
      - two
    logging:
      type: json
      config:
        - max-size: '10'
    mounts:
      - type: bind
        source: local
        target: /one
      - {type: bind, source: local, target: /two}
";

/// A template of the project: texts of two values, lists and maps as a whole, and functions over them.
const TEMPLATE: &str = r#"[[% extends "worker" %]]
[[%- block driver %]]docker[[% endblock %]]
[[%- block config %]]

      artifact {
        source = "https://builds.example.com/[[ buildname ]]/igor-[[ githash ]].tar.gz"
      }
      config {
        image       = "registry.example.com/igor:[[ githash ]]"
        args        = ["--workers=[[ taskargs.workers ]]-[[ taskargs.work ]]", "--verbose=[[ taskargs.verbose ]]"]
        logging     = [[ taskargs.logging | hcl ]]
        labels      = [merge([[ {"a": taskargs.work} | hcl ]], { b = "[[ taskargs.workers * 2 ]]" })]
        mount       = [[ taskargs.mounts | hcl ]]
        dns_servers = concat([[ taskargs.queues | hcl ]], ["[[ taskargs.work ]]"])
      }
[[%- endblock %]]
"#;

struct Case {
    job: &'static str,
    from: &'static str,
    to: &'static str,
}

const fn case(job: &'static str, from: &'static str, to: &'static str) -> Case {
    Case { job, from, to }
}

/// The job file after the edit, and the line and column of the mark.
fn edited(case: &Case) -> (String, (u64, u64)) {
    assert_eq!(case.job.matches(case.from).count(), 1, "`{}`", case.from);
    let text = case.job.replacen(case.from, case.to, 1);
    let at = text.find('«').unwrap_or_else(|| panic!("no mark in `{}`", case.to));
    let before = &text[..at];
    let line = before.matches('\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u64 + 1;
    (text.replacen('«', "", 1), (line, column))
}

const CASES: &[Case] = &[
    case(SERVER, "user: cbe", "user: «cbf"),
    case(SERVER, "githash: abc1230", "githash: «abc1231"),
    case(SERVER, "cpu: 0.5", "cpu: «0.6"),
    case(SERVER, "ram: 256", "ram: «300"),
    case(SERVER, "ram_max: 512", "ram_max: «600"),
    case(SERVER, "disk: 120", "disk: «160"),
    case(SERVER, "driver: docker", "driver: «podman"),
    case(SERVER, "image: 'registry.example.com/web:1.0'", "image: «'registry.example.com/web:1.1'"),
    case(SERVER, "command: /bin/web", "command: «/bin/other"),
    case(SERVER, "- --two=2", "- «--two=3"),
    case(SERVER, "    - --three=3\n", "    - --three=3\n    - «--four=4\n"),
    case(SERVER, "LOG_LEVEL: info", "LOG_LEVEL: «debug"),
    case(SERVER, r#""REGION.NAME": eu"#, r#""REGION.NAME": «us"#),
    case(SERVER, "    LOG_LEVEL: info\n", "    LOG_LEVEL: info\n    ADDED: «one\n"),
    case(SERVER, "http: 8080", "http: «8081"),
    case(SERVER, "to: 9090", "to: «9091"),
    case(SERVER, "static: 9443", "static: «9444"),
    case(SERVER, "host_network: public", "host_network: «private"),
    case(SERVER, "type: http", "type: «tcp"),
    case(SERVER, "path: /healthz", "path: «/ready"),
    case(SERVER, "  port: http", "  port: «admin"),
    case(SERVER, "interval: 10s", "interval: «9s"),
    case(SERVER, "    timeout: 2s", "    timeout: «3s"),
    case(SERVER, "owner: search", "owner: «find"),
    case(SERVER, "team: core", "team: «base"),
    case(SERVER, "page: search-oncall", "page: «other"),
    case(SERVER, "- search@example.com", "- «other@example.com"),
    case(SERVER, "attribute: ${attr.cpu.arch}", "attribute: «${attr.cpu.numcores}"),
    case(SERVER, r#"operator: "!=""#, r#"operator: «">""#),
    case(SERVER, "value: arm64", "value: «amd64"),
    case(SERVER, "- ${attr.kernel.name} = linux", "- «${attr.kernel.name} = windows"),
    case(SERVER, "max_parallel: 2", "max_parallel: «3"),
    case(SERVER, "canary: 1", "canary: «2"),
    case(SERVER, "health_check: checks", "health_check: «task_states"),
    case(SERVER, "min_healthy_time: 11s", "min_healthy_time: «12s"),
    case(SERVER, "healthy_deadline: 4m", "healthy_deadline: «3m"),
    case(SERVER, "progress_deadline: 12m", "progress_deadline: «13m"),
    case(SERVER, "auto_revert: true", "auto_revert: «false"),
    case(SERVER, "auto_promote: true", "auto_promote: «false"),
    case(SERVER, "attempts: 3", "attempts: «4"),
    case(SERVER, "interval: 6m", "interval: «7m"),
    case(SERVER, "delay: 14s", "delay: «13s"),
    case(SERVER, "mode: fail", "mode: «delay"),
    case(SERVER, r#"DB_PASSWORD: "nomad/jobs/web#db_password""#, r#"DB_PASSWORD: «"nomad/jobs/web#other""#),
    case(SERVER, r#"API_KEY: "nomad/jobs/web#api_key""#, r#"API_KEY: «"nomad/jobs/web#db_key""#),
    case(SERVER, "source: data", "source: «other"),
    case(SERVER, "mount: /data", "mount: «/srv"),
    case(SERVER, "read_only: false", "read_only: «true"),
    case(SERVER, "- public", "- «private"),
    case(SERVER, "tier: gold", "tier: «tin"),
    case(SERVER, "zone: west", "zone: «east"),
    case(SERVER, "kill_timeout: 31s", "kill_timeout: «32s"),
    case(SERVER, "kill_signal: SIGINT", "kill_signal: «SIGTERM"),
    case(SERVER, "shutdown_delay: 6s", "shutdown_delay: «7s"),
    case(SERVER, "priority: 51", "priority: «52"),
    case(
        SERVER,
        "source: 'https://builds.example.com/a.tar.gz'",
        "source: «'https://builds.example.com/b.tar.gz'",
    ),
    case(SERVER, "destination: local/a", "destination: «local/b"),
    case(SERVER, "mode: any", "mode: «file"),
    case(
        SERVER,
        "checksum: 'md5:d41d8cd98f00b204e9800998ecf8427e'",
        "checksum: «'md5:d41d8cd98f00b204e9800998ecf8427f'",
    ),
    case(SERVER, "min: 1", "min: «2"),
    case(SERVER, "max: 10", "max: «11"),
    case(SERVER, "- dc2", "- «dc3"),
    case(SERVER, "node_pool: gpu", "node_pool: «cpu"),
    case(SCRIPT, "command: /bin/check", "command: «/bin/other"),
    case(SCRIPT, "- --deep", "- «--deeper"),
    case(SCRIPT, "cores: 2", "cores: «3"),
    case(SCRIPT, "num_instances: 8", "num_instances: «12"),
    case(SCRIPT, "disk: 120", "disk: «140"),
    case(PERIODIC, "- '15 4 * * *'", "- «'15 5 * * *'"),
    case(PERIODIC, "timezone: UTC", "timezone: «Europe/Berlin"),
    case(PERIODIC, "overlap: false", "overlap: «true"),
    case(PERIODIC, "kill_timeout: 20s", "kill_timeout: «21s"),
    case(PERIODIC, "command: /bin/work", "command: «/bin/walk"),
    case(PERIODIC, "  monitoring: inject\n", "  monitoring: inject\n  kill_signal: «SIGUSR1\n"),
    case(DISPATCHED, "payload: optional", "payload: «required"),
    case(DISPATCHED, "- date", "- «day"),
    case(DISPATCHED, "- dry_run", "- «dry"),
    case(DISPATCHED, "  parameters:\n", "  monitoring: «inject\n  parameters:\n"),
    case(CONSUMER, "stream: orders", "stream: «bills"),
    case(CONSUMER, "group: billing", "group: «other"),
    case(CONSUMER, "parallelism: 4", "parallelism: «5"),
    case(IGOR, "buildname: igor", "buildname: «ygor"),
    case(IGOR, "githash: abc1230", "githash: «abc9230"),
    case(IGOR, "workers: 10", "workers: «11"),
    case(IGOR, "    work: index", "    work: «crawl"),
    case(IGOR, "verbose: true", "verbose: «false"),
    case(IGOR, "- two", "- «three"),
    case(IGOR, "type: json", "type: «syslog"),
    case(IGOR, "max-size: '10'", "max-size: «'20'"),
    case(IGOR, "target: /one", "target: «/three"),
    case(IGOR, "target: /two", "target: «/three"),
    case(IGOR, "        - max-size: '10'\n", "        - max-size: '10'\n          max-file: «'3'\n"),
];

/// The changes of a job that lead to a value, as JSON has them: what is gone leads nowhere.
fn changes(diff: &Value) -> Vec<&Value> {
    diff["changes"].as_array().unwrap().iter().filter(|change| change["type"] != "removed").collect()
}

/// A project with one job for each case, before its edit.
fn project() -> Cli {
    let cli = Cli::new(&[("platy.yaml", PLATY), ("templates/igor.nomad.hcl", TEMPLATE)]);
    for (i, case) in CASES.iter().enumerate() {
        cli.write(&format!("jobs/case-{i:02}.yaml"), case.job);
    }
    cli
}

/// Makes every edit.
fn edit(cli: &Cli) {
    for (i, case) in CASES.iter().enumerate() {
        cli.write(&format!("jobs/case-{i:02}.yaml"), &edited(case).0);
    }
}

/// Panics with every change that does not have the place of its edit.
fn check<'a>(diffs: impl IntoIterator<Item = (&'a str, &'a Value)>) {
    let (mut wrong, mut seen) = (String::new(), 0);
    for (name, diff) in diffs {
        let case = &CASES[name.strip_prefix("case-").unwrap().parse::<usize>().unwrap()];
        let (line, column) = edited(case).1;
        let found = changes(diff);
        if found.is_empty() {
            wrong.push_str(&format!("{name}: `{}` changes nothing\n", case.to));
        }
        for change in found {
            let place = &change["place"];
            let right = place["file"] == format!("jobs/{name}.yaml")
                && (place["line"].as_u64(), place["column"].as_u64()) == (Some(line), Some(column))
                && (place["layer"] == "config" || case.to.starts_with("user"));
            if !right {
                wrong.push_str(&format!("{name}: `{}` {line}:{column}\n    {change}\n", case.to));
            }
            seen += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(seen >= CASES.len());
}

#[test]
fn each_edit_is_where_all_its_changes_come_from() {
    let cli = project();
    cli.push_to_upstream();
    cli.run("apply --all --detach").exits(0);
    edit(&cli);
    let plan = cli.run("plan --all --format json").exits(0).json();
    let jobs = plan["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), CASES.len());
    check(jobs.iter().map(|job| (job["job"].as_str().unwrap(), &job["diff"])));
    let diff = cli.run("diff --base HEAD --format json").exits(0).json();
    let jobs = diff["stages"][0]["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), CASES.len());
    check(jobs.iter().map(|job| (job["job"].as_str().unwrap(), &job["diff"])));
}

/// A key that no template has to print.
const NOT_PRINTED: &[&str] = &["hashtype"];

#[test]
fn each_key_of_the_model_has_an_edit() {
    let edits: Vec<String> = CASES
        .iter()
        .map(|case| {
            let (text, (line, _)) = edited(case);
            let lines: Vec<&str> = text.lines().take(usize::try_from(line).unwrap()).collect();
            let top = |line: &&&str| line.len() - line.trim_start().len() <= 2;
            lines.iter().rev().find(top).unwrap().trim().split(':').next().unwrap().to_owned()
        })
        .collect();
    for key in platy_manage::load::model::CONFIG {
        let edited = edits.iter().any(|edit| edit == key.name);
        assert!(edited != NOT_PRINTED.contains(&key.name), "`{}`", key.name);
    }
}

/// `FILE:LINE:COLUMN LAYER` of each change by its path.
fn places(diff: &Value) -> Vec<(String, String)> {
    let shown = |change: &Value| {
        let place = &change["place"];
        let text = |key: &str| place[key].to_string().trim_matches('"').to_owned();
        let words = match place.is_null() {
            true => "nowhere".to_owned(),
            false => format!("{}:{}:{} {}", text("file"), text("line"), text("column"), text("layer")),
        };
        (change["path"].as_str().unwrap().to_owned(), words)
    };
    diff["changes"].as_array().unwrap().iter().map(shown).collect()
}

#[track_caller]
fn assert_place(places: &[(String, String)], path: &str, expected: &str) {
    let found = places.iter().find(|(other, _)| other == path);
    assert_eq!(found.map(|(_, place)| place.as_str()), Some(expected), "{path} in {places:#?}");
}

const LAYERED: &str = "file: server
config:
  user: cbe
  image: 'registry.example.com/web:1.0'
  args: [--one]
  env: {A: a, B: b, C: c}
  tags: [public]
  ports: [http]
";

#[test]
fn each_layer_keeps_the_entries_that_it_sets() {
    let cli = Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", LAYERED)]);
    cli.run("apply web").exits(0);
    cli.write("platy.yaml", &PLATY.replace("'on'", "'off', A: z"));
    cli.write(
        "jobs/web.yaml",
        &format!(
            "{}envs:\n  devel:\n    args: !append [--two, --three]\n    tags: !prepend [first]\n    env:\n      \
             B: bb\n",
            LAYERED.replace("C: c", "C: cc")
        ),
    );
    let json = cli.run("plan web --format json --set env.D=dd").exits(0).json();
    let found = places(&json["jobs"][0]["diff"]);
    for (path, expected) in [
        ("env.FROM_DEFAULTS", "platy.yaml:6:26 defaults.config"),
        ("env.B", "jobs/web.yaml:14:10 envs.devel"),
        ("env.C", "jobs/web.yaml:6:24 config"),
        ("config.args", "jobs/web.yaml:11:20 envs.devel"),
        ("service[\"web\"].tags", "jobs/web.yaml:12:21 envs.devel"),
    ] {
        assert_place(&found, path, expected);
    }
    let set = found.iter().find(|(path, _)| path == "env.D").unwrap();
    assert!(set.1.starts_with("--set"), "{set:?}");
    assert!(!found.iter().any(|(path, _)| path == "env.A"), "{found:#?}");
    // The list has the place of the first element that came, the next one has its own.
    cli.write(
        "jobs/web.yaml",
        &LAYERED.replace("args: [--one]", "args:\n    - --one\n    - --two\n    - --three"),
    );
    let run = cli.run("plan web").exits(0);
    let run =
        run.says("config.args  # jobs/web.yaml:7 config").says("+ \"--three\"  # jobs/web.yaml:8 config");
    run.says("env.FROM_DEFAULTS = \"on\" → \"off\"  # platy.yaml:6 defaults.config");
    cli.run("plan web --format markdown").exits(0).says("jobs/web.yaml:7");
}

#[test]
fn what_a_template_says_and_computes_has_its_line() {
    let template = |flag: &str| {
        format!(
            "[[% extends \"worker\" %]]\n[[%- block config %]]\n\n      config {{\n        command = \"/bin/x\"\n        \
             args = [\n          \"--a\",\n          \"--{flag}=[[ disk * 2 ]]\",\n        ]\n      }}\n[[%- endblock %]]\n"
        )
    };
    let job = |disk: u32| format!("file: own\nconfig:\n  user: cbe\n  driver: exec\n  disk: {disk}\n");
    let cli = Cli::new(&[
        ("platy.yaml", PLATY),
        ("templates/own.nomad.hcl", &template("b")),
        ("jobs/web.yaml", &job(120)),
    ]);
    cli.run("apply web").exits(0);
    cli.write("templates/own.nomad.hcl", &template("c"));
    let json = cli.run("plan web --format json").exits(0).json();
    assert_place(&places(&json["jobs"][0]["diff"]), "config.args", "templates/own.nomad.hcl:8:14 null");
    cli.write("templates/own.nomad.hcl", &template("b"));
    cli.write("jobs/web.yaml", &job(130));
    let json = cli.run("plan web --format json").exits(0).json();
    let found = places(&json["jobs"][0]["diff"]);
    assert!(found.iter().all(|(_, place)| place == "jobs/web.yaml:5:9 config"), "{found:#?}");
    assert_place(&found, "config.args", "jobs/web.yaml:5:9 config");
}

#[test]
fn a_finding_inside_a_printed_map_is_at_its_entry() {
    let cli = Cli::new(&[
        ("platy.yaml", PLATY),
        ("templates/igor.nomad.hcl", TEMPLATE),
        ("jobs/web.yaml", &IGOR.replace("      type: json\n", "      type: json\n      mode: slow\n")),
    ]);
    let json = cli.run("validate web --format json").exits(3).json();
    let finding = &json["findings"][0];
    assert_eq!(finding["message"], "the driver `docker` knows no `mode` here");
    let place = &finding["related"][0]["place"];
    assert_eq!((&place["file"], &place["line"]), (&"jobs/web.yaml".into(), &15.into()), "{json:#}");
}

/// A piece of a job file that is taken out, and the line of what has it no more: the list or map around it, by its
/// first entry, or the job's own values.
const GONE: &[(&str, &str, &str)] = &[
    (SERVER, "    LOG_LEVEL: info\n", "    \"REGION.NAME\": eu\n"),
    (SERVER, "    \"REGION.NAME\": eu\n", "    LOG_LEVEL: info\n"),
    (SERVER, "    - --three=3\n", "    - --one=1\n"),
    (SERVER, "    zone: west\n", "    tier: gold\n"),
    (SERVER, "    - api\n", "    - public\n"),
    (SERVER, "    - dc2\n", "    - dc1\n"),
    (SERVER, "    - ${attr.kernel.name} = linux\n", "    - attribute: ${attr.cpu.arch}\n"),
    (SERVER, "  node_pool: gpu\n", "  buildname: eight\n"),
    (
        SERVER,
        "  volumes:\n    data:\n      type: host\n      source: data\n      mount: /data\n      read_only: false\n",
        "  buildname: eight\n",
    ),
    (IGOR, "      - two\n", "      - one\n"),
    (IGOR, "      - {type: bind, source: local, target: /two}\n", "      - type: bind\n"),
];

#[test]
fn what_is_gone_has_the_place_of_what_has_it_no_more() {
    let cli = Cli::new(&[("platy.yaml", PLATY), ("templates/igor.nomad.hcl", TEMPLATE)]);
    let job = |i: usize| format!("jobs/gone-{i:02}.yaml");
    for (i, (text, ..)) in GONE.iter().enumerate() {
        cli.write(&job(i), text);
    }
    cli.push_to_upstream();
    cli.run("apply --all --detach").exits(0);
    let mut lines = Vec::new();
    for (i, (text, gone, around)) in GONE.iter().enumerate() {
        let text = text.replacen(gone, "", 1);
        lines.push(text[..text.find(around).unwrap()].matches('\n').count() as u64 + 1);
        cli.write(&job(i), &text);
    }
    let plan = cli.run("plan --all --format json").exits(0).json();
    let diff = cli.run("diff --base HEAD --format json").exits(0).json();
    let mut wrong = String::new();
    for (jobs, standing) in [(&plan["jobs"], "around"), (&diff["stages"][0]["jobs"], "before")] {
        assert_eq!(jobs.as_array().unwrap().len(), GONE.len());
        for (i, found) in jobs.as_array().unwrap().iter().enumerate() {
            let old = GONE[i].0.split(GONE[i].1).next().unwrap().matches('\n').count() as u64 + 1;
            // What went as a whole has the lines that it had.
            let old = old..old + GONE[i].1.matches('\n').count() as u64;
            for change in found["diff"]["changes"].as_array().unwrap() {
                let place = &change["place"];
                let line = place["line"].as_u64().unwrap_or_default();
                let right = match place[standing] == true {
                    true if standing == "before" => old.contains(&line),
                    true => line == lines[i],
                    // What only our templates wrote is not there any more in either revision.
                    false => (!change["new"].is_null() || place["around"] == true) && line == lines[i],
                };
                let file = place["file"].as_str().unwrap_or_default();
                if !right || !file.ends_with(&job(i)) || place["layer"] != "config" {
                    wrong.push_str(&format!("{i} {standing} {:?} {}\n    {change}\n", GONE[i].1, lines[i]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    cli.run("plan gone-00").exits(0).says("# not in jobs/gone-00.yaml:19 config");
    cli.run("plan gone-00 --format markdown")
        .exits(0)
        .says("· <code>not in jobs/gone-00.yaml:19 config</code>");
}

/// A `null` has a place of its own.
#[test]
fn what_a_null_takes_away_has_the_place_of_the_null() {
    let cli = Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", LAYERED)]);
    cli.run("apply web").exits(0);
    cli.write("jobs/web.yaml", &format!("{LAYERED}envs:\n  devel:\n    env: {{B: null}}\n    tags: null\n"));
    let json = cli.run("plan web --format json --set env.C=null").exits(0).json();
    let found = places(&json["jobs"][0]["diff"]);
    assert_place(&found, "env.B", "jobs/web.yaml:11:14 envs.devel");
    assert_place(&found, "env.C", "--set:1:7 null");
    let run = cli
        .run("plan web")
        .exits(0)
        .says("# jobs/web.yaml:11 envs.devel")
        .says("# jobs/web.yaml:12 envs.devel");
    assert!(!run.stdout.contains("not in"), "{}", run.stdout);
}

/// The values of a stage stand in two places of platy.yaml.
#[test]
fn values_of_a_stage_in_the_project_have_their_line() {
    let platy = "stages:\n  devel:\n    cluster: local\n    config:\n      env: {OF_STAGE: a}\n      ram: 100\ndefaults:\n  \
                 config:\n    user: cbe\n  envs:\n    devel:\n      env: {OF_ENVS: a}\n      cpu: 0.5\n";
    let job = "file: server\nconfig:\n  image: 'registry.example.com/web:1.0'\n  ports: [http]\n";
    let cli = Cli::new(&[("platy.yaml", platy), ("jobs/web.yaml", job)]);
    cli.run("apply web --stage=devel").exits(0);
    let edits = [
        ("OF_STAGE: a", "OF_STAGE: b"),
        ("OF_ENVS: a", "OF_ENVS: b"),
        ("ram: 100", "ram: 200"),
        ("cpu: 0.5", "cpu: 0.6"),
    ];
    cli.write("platy.yaml", &edits.iter().fold(platy.to_owned(), |text, (old, new)| text.replace(old, new)));
    let json = cli.run("plan web --stage=devel --format json").exits(0).json();
    let found = places(&json["jobs"][0]["diff"]);
    assert_place(&found, "env.OF_STAGE", "platy.yaml:5:23 stages.devel.config");
    assert_place(&found, "env.OF_ENVS", "platy.yaml:12:22 defaults.envs.devel");
    assert_place(&found, "resources.memory", "platy.yaml:6:12 stages.devel.config");
    assert_place(&found, "resources.cpu", "platy.yaml:13:12 defaults.envs.devel");
}
