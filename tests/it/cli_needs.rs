//! `needs` in the findings of `validate`, through the real binary.

use crate::cli_project::Cli;

#[test]
fn an_unknown_job_is_an_error_at_its_place_with_the_nearest_name() {
    let job = "file: worker\nconfig: {image: x, command: /bin/web}\n";
    let cli = Cli::new(&[
        (
            "platy.yaml",
            "stages:\n  devel: {cluster: local}\n  qa: {cluster: local}\ndefaults:\n  config: {user: cbe}\n",
        ),
        ("jobs/migrations.yaml", job),
        ("jobs/web.yaml", &format!("{job}needs: [migrations, migratoins]\n")),
    ]);
    let run = cli.run("validate web").exits(3).says("P0816").says("jobs/web.yaml:3:21");
    let run = run.says("did you mean `migrations`?").says("1 error");
    assert_eq!(run.stderr.matches("P0816").count(), 1, "{}", run.stderr);
    cli.run("validate migrations").exits(0);
    cli.write("jobs/web.yaml", &format!("{job}needs: [migrations]\n"));
    cli.run("validate --all").exits(0);
}
