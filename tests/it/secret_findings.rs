//! No finding shows a secret, whatever is wrong with the file that it stands in, and whatever the form.

use crate::cli_project::Cli;

const PLATY: &str = "stages:\n  devel: {cluster: local}\n  prod: {cluster: local, protected: true}\ndefaults:\n  config: {user: cbe}\n";
const HEAD: &str = "file: worker\nconfig:\n  image: 'registry.example.com/web:1.0'\n  command: /bin/web\n";
const SECRET: &str = "sesame-open-99";

/// What is wrong, the job file after its head, and more arguments.
const WRONG: &[(&str, &str, &str)] = &[
    ("a brace that is not closed", "  env: {DB_PASSWORD: sesame-open-99\n", ""),
    (
        "a key that is there twice",
        "  env:\n    DB_PASSWORD: sesame-open-99\n    DB_PASSWORD: sesame-open-99\n",
        "",
    ),
    ("a tab", "  env:\n    DB_PASSWORD: sesame-open-99\n\tX: 1\n", ""),
    ("a quote that is not closed", "  env:\n    DB_PASSWORD: \"sesame-open-99\n", ""),
    ("rubbish after a value", "  env:\n    DB_PASSWORD: \"sesame-open-99\" x\n", ""),
    ("an unknown key on the line", "  envv: {DB_PASSWORD: sesame-open-99}\n", ""),
    ("a key of the wrong type", "  num_instances: {DB_PASSWORD: sesame-open-99}\n", ""),
    ("an unknown key whose value is one", "  db_password: sesame-open-99\n", ""),
    ("a block of text where none may be", "  num_instances: 1\n  api_token: |\n    sesame-open-99\n", ""),
    ("a value below its key", "  api_token:\n    sesame-open-99\n", ""),
    ("a flag", "  num_instances: x\n  args: [--api-token, sesame-open-99, {a: 1}]\n", ""),
    ("flags line by line", "  args:\n    - --api-token\n    - sesame-open-99\n    - {a: 1}\n", ""),
    ("an address", "  num_instances: \"postgres://app:sesame-open-99@db/x\"\n", ""),
    ("a list where a map must be", "  env: [DB_PASSWORD=sesame-open-99]\n", ""),
    ("a map where text must be", "  env: {A: {DB_PASSWORD: sesame-open-99}}\n", ""),
    ("a stage's layer", "  envs: {nostage: {env: {DB_PASSWORD: sesame-open-99}}}\n", ""),
    ("an alias without an anchor", "  env: {DB_PASSWORD: sesame-open-99, B: *nothing}\n", ""),
    ("a need that is not there", "needs: [nobody] # password: sesame-open-99\n", ""),
    ("--set of an unknown key", "", " --set db_password=sesame-open-99"),
    ("--set of the wrong type", "", " --set num_instances.api_token=sesame-open-99"),
    ("--set with broken YAML", "", " --set env={DB_PASSWORD:sesame-open-99"),
];

#[test]
fn no_finding_shows_a_secret() {
    for (what, more, arguments) in WRONG {
        let cli = Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", &format!("{HEAD}{more}"))]);
        for command in
            ["validate web", "validate --all", "render web", "explain web", "create web --stage=devel"]
        {
            if command == "validate --all" && !arguments.is_empty() {
                continue;
            }
            for format in ["text", "json"] {
                if format == "json" && command.starts_with("explain") {
                    continue;
                }
                let line = format!("{command}{arguments} --format {format}");
                let run = cli.run(&line);
                let shown = format!("{}{}", run.stdout, run.stderr);
                assert!(run.code != 0, "{what}: `{line}` succeeds: {shown}");
                assert!(!shown.contains(SECRET), "{what}: `{line}` shows it: {shown}");
            }
        }
    }
}

#[test]
fn other_files_of_a_project_show_none_either() {
    let job = format!("{HEAD}  env: {{A: b}}\n");
    let platy = [
        "stages:\n  devel: {cluster: local, token: sesame-open-99}\n",
        "stages:\n  devel: {cluster: local}\nclusters:\n  local: {api_token: sesame-open-99}\n",
        "stages:\n  devel: {cluster: local}\ndefaults:\n  config: {user: cbe, envv: {DB_PASSWORD: sesame-open-99}}\n",
        "stages:\n  devel: {cluster: local\ntoken: sesame-open-99\n",
    ];
    for platy in platy {
        let cli = Cli::new(&[("platy.yaml", platy), ("jobs/web.yaml", &job)]);
        for format in ["text", "json"] {
            let run = cli.run(&format!("validate web --format {format}"));
            let shown = format!("{}{}", run.stdout, run.stderr);
            assert!(run.code != 0 && !shown.contains(SECRET), "{platy}{shown}");
        }
    }
    let cli = Cli::new(&[
        (
            "job.hcl",
            "job \"a\" {\n  group \"g\" {\n    task \"t\" {\n      driver = \"exec\"\n      env {\n        API_TOKEN = \"sesame-open-99\" x\n      }\n    }\n  }\n}\n",
        ),
        ("job.json", "{\"ID\": \"a\", \"Meta\": {\"api_token\": \"sesame-open-99\" 1}}"),
    ]);
    for command in [
        "jobspec parse job.hcl",
        "jobspec validate job.hcl --format json",
        "jobspec fmt job.hcl",
        "jobspec to-hcl job.json",
    ] {
        let run = cli.run(command);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(run.code != 0 && !shown.contains(SECRET), "{command}: {shown}");
    }
}

/// What is drawn is what helps: all but the secret, and no reference.
#[test]
fn the_rest_of_the_line_is_drawn() {
    let shown = |more: &str| {
        let cli = Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", &format!("{HEAD}{more}"))]);
        cli.run("validate web").exits(3).stderr
    };
    let line = shown("  envv: {DB_PASSWORD: sesame-open-99, PORT: 80}\n");
    assert!(line.contains("envv: {DB_PASSWORD: **************, PORT: 80}"), "{line}");
    let line = shown("  secretss: {API_TOKEN: \"nomad/jobs/web#token\"}\n");
    assert!(line.contains("{API_TOKEN: \"nomad/jobs/web#token\"}"), "{line}");
}

/// A large file is searched only around what is drawn of it.
#[test]
fn a_large_file_shows_none_either() {
    let padding = "  # nothing\n".repeat(10_000);
    let (first, last) = ("  api_token = \"sesame-open-99\"\n", "  db_password = \"sesame-open-99\"\n");
    let cli = Cli::new(&[("job.hcl", &format!("job \"a\" {{\n{first}{padding}{last}}}\n"))]);
    for format in ["text", "json"] {
        let run = cli.run(&format!("jobspec validate job.hcl --format {format}")).exits(3);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(shown.contains("P0440") && !shown.contains(SECRET), "{shown}");
    }
    let drawn = cli.run("jobspec validate job.hcl").stderr;
    assert_eq!(drawn.matches(" = \"**************\"").count(), 2, "{drawn}");
}
