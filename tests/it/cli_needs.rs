//! `needs` in the findings of `validate`, `plan`, `apply` and `create`, through the real binary.

use crate::cli_project::Cli;

const PLATY: &str = "stages:\n  devel: {cluster: local}\n  qa: {cluster: local}\ndefault_stage: devel\n\
                     defaults:\n  config: {user: cbe}\n";
const JOB: &str = "file: worker\nconfig: {image: x, command: /bin/web}\n";

fn project(needs: &[(&str, &str)]) -> Cli {
    let cli = Cli::new(&[("platy.yaml", PLATY)]);
    for (name, needs) in needs {
        cli.write(&format!("jobs/{name}.yaml"), &format!("{JOB}needs: [{needs}]\n"));
    }
    cli
}

#[test]
fn an_unknown_job_is_an_error_at_its_place_with_the_nearest_name() {
    let cli = project(&[("migrations", ""), ("web", "migrations, migratoins")]);
    let run = cli.run("validate web").exits(3).says("P0816").says("jobs/web.yaml:3:21");
    let run = run.says("did you mean `migrations`?").says("1 error");
    assert_eq!(run.stderr.matches("P0816").count(), 1, "{}", run.stderr);
    cli.run("validate migrations").exits(0);
    cli.write("jobs/web.yaml", &format!("{JOB}needs: [migrations]\n"));
    cli.run("validate --all").exits(0);
}

/// `apply` and `plan` once took what `validate` refused.
#[test]
fn what_validate_refuses_is_planned_and_applied_by_nobody() {
    let cli = project(&[("migrations", ""), ("web", "migratoins")]);
    for line in ["plan web", "apply web", "create web", "plan --all"] {
        let run = cli.run(line).exits(3).says("P0816").says("jobs/web.yaml:3:9");
        run.says("did you mean `migrations`?");
    }
    // The others are worked on.
    cli.run("apply --all").exits(3).says("P0816").says("1 job changed, 0 unchanged, 1 failed");
    cli.run("status migrations").exits(0).says("migrations");
}

#[test]
fn a_circle_is_drawn_with_all_its_places_by_every_command() {
    let cli = project(&[("a", "b"), ("b", "c"), ("c", "free, a"), ("free", ""), ("outside", "a")]);
    for line in ["validate --all", "plan --all", "apply --all"] {
        let run = cli.run(line).exits(3);
        let run = run.says("these jobs need each other in a circle: `a` → `b` → `c` → `a`");
        assert_eq!(run.stderr.matches("P0953").count(), 1, "{line}:\n{}", run.stderr);
        run.says("jobs/a.yaml:3:9").says("jobs/b.yaml:3:9").says("jobs/c.yaml:3:15").says("`c` needs `a`");
    }
    // It is one circle, whichever of its jobs is looked at; the one outside is not to blame.
    cli.run("validate c --stage=qa").exits(3).says("`a` → `b` → `c` → `a`");
    cli.run("validate outside free").exits(0);
    cli.write("jobs/a.yaml", &format!("{JOB}needs: [a]\n"));
    cli.run("plan a").exits(3).says("`a` needs itself").says("jobs/a.yaml:3:9");
}

#[test]
fn a_circle_through_a_broken_file_is_seen() {
    let cli = project(&[("a", "b")]);
    cli.write("jobs/b.yaml", "file: worker\nconfig: {ram: much}\nneeds: [a]\n");
    cli.run("validate --all").exits(3).says("P0953").says("`a` → `b` → `a`").says("config.ram");
}

/// A file may stand on one line, secrets and all.
#[test]
fn a_circle_shows_no_secret_of_another_file() {
    let cli = project(&[("a", "b")]);
    cli.write(
        "jobs/b.yaml",
        "{file: worker, needs: [a], config: {image: x, command: /bin/web, env: {DB_PASSWORD: hunter2}}}\n",
    );
    for line in ["validate a", "validate b", "plan --all"] {
        let run = cli.run(line).exits(3).says("`a` → `b` → `a`").says("jobs/b.yaml:1:24").says("DB_PASSWORD");
        assert!(!run.stderr.contains("hunter2"), "{line}: {}", run.stderr);
    }
}

#[test]
fn a_need_that_the_stage_does_not_have_is_a_warning_unless_it_comes_along() {
    let cli = project(&[("db", ""), ("web", "db")]);
    let run =
        cli.run("plan web").exits(0).says("P0817").says("`web` needs `db`, which does not exist in `devel`");
    run.says("jobs/web.yaml:3:9").says("platy-manage apply db web --stage=devel");
    let json = cli.run("plan web --format json").exits(0).json();
    assert_eq!(json["jobs"][0]["warnings"][0]["code"], "P0817");
    for line in ["plan --all", "apply --all --dry-run", "plan db"] {
        let run = cli.run(line).exits(0);
        assert!(!run.stderr.contains("P0817"), "{line}:\n{}", run.stderr);
    }
    cli.run("validate web --cluster --stage=devel").exits(0).says("P0817");
    cli.run("create web --dry-run").exits(0).says("P0817");
    cli.run("apply web").exits(0).says("P0817");
    cli.run("create db").exits(0);
    cli.run("stop db --yes").exits(0);
    cli.write(
        "jobs/web.yaml",
        "file: worker\nconfig: {image: x, command: /bin/web, priority: 60}\nneeds: [db]\n",
    );
    cli.run("plan web").exits(0).says("which is stopped in `devel`");
    cli.run("apply db").exits(0);
    let run = cli.run("apply web").exits(0);
    assert!(!run.stderr.contains("P0817"), "{}", run.stderr);
}
