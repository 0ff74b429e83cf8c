//! `diff --base`: what a change of the files changes in which jobs, without a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::batch::worst;
use super::context::{Context, masker};
use super::output::{Format, Printer, Styled, style};
use super::{Done, Result, usage};
use crate::compile::{Compiled, Compiler, Outcome};
use crate::diagnostic::{self, Diagnostic, FailureKind};
use crate::diff::Spot;
use crate::diff::group::{self, Grouped, Member};
use crate::diff::markdown::{Comment, Section, code, words};
use crate::diff::text::{FindPlace, Show};
use crate::diff::{self, JobDiff, Kind, style::Style};
use crate::git::Git;
use crate::load;
use crate::merge::{self, Cause, Standing};
use crate::project::{FILE, JobEntry, Project, Stage};
use crate::revision::{self, Snapshot};
use crate::validate::needs;

/// What is compared.
pub struct Revisions<'a> {
    /// The revision that the change is measured from.
    pub base: &'a str,
    /// The revision with the change; the work tree where there is none.
    pub head: Option<&'a str>,
    /// The names of the jobs; all where empty.
    pub names: &'a [String],
    /// Exit with 2 if there are differences.
    pub exit_code: bool,
}

/// The two sides.
struct Sides {
    base: Snapshot,
    head: Option<Snapshot>,
    /// The links of the work tree, where that is the head.
    links: Links,
    /// What changed between them, within the project.
    paths: Vec<PathBuf>,
}

impl Sides {
    fn head_links(&self) -> &Links {
        self.head.as_ref().map_or(&self.links, |head| &head.links)
    }
}

/// A job on both sides.
struct Pair {
    name: String,
    diff: JobDiff,
    base: Option<Box<Compiled>>,
    head: Option<Box<Compiled>>,
    /// The files that made the difference.
    because: Vec<String>,
}

/// What there is to say of a stage.
struct Compared {
    pairs: Vec<Pair>,
    unchanged: usize,
    /// Jobs that are invalid now, with why.
    invalid: Vec<(String, Vec<Diagnostic>)>,
    /// Jobs that were invalid then: there is nothing to compare with.
    were_invalid: Vec<String>,
}

impl Revisions<'_> {
    pub(super) fn run(&self, context: &Context, project: &Project, stages: &[&Stage]) -> Result<Done> {
        let git = Git::open(&project.root)?;
        let sides = self.sides(&git, project)?;
        let head = sides.head.as_ref().map_or(project, |head| &head.project);
        let printer = &context.printer;
        let commit = sides.base.commit.get(..12).unwrap_or_default();
        printer.detail(format_args!("compared with {commit}"));
        let (mut objects, mut kinds, mut different) = (Vec::new(), Vec::new(), 0);
        for stage in stages {
            let compared = self.stage(context, &sides, head, stage)?;
            different += compared.pairs.len() + compared.were_invalid.len();
            if !compared.invalid.is_empty() {
                kinds.push(FailureKind::Invalid);
            }
            let named = (stages.len() > 1).then_some(stage.name.as_str());
            if printer.is_text() {
                compared.show(printer, named);
            } else if printer.format == Format::Markdown {
                printer.result(compared.to_markdown(self.base, &stage.name));
            }
            objects.push(compared.to_json(&stage.name));
        }
        if printer.format == Format::Json {
            printer.json(&json!({
                "base": sides.base.commit,
                "head": sides.head.as_ref().map(|head| &head.commit),
                "stages": objects,
            }));
        }
        if let Some(kind) = worst(&kinds) {
            return Ok(Done::Shown(kind));
        }
        Ok(if self.exit_code && different > 0 { Done::Differences } else { Done::Ok })
    }

    /// Lays out both sides. As `git diff BASE...HEAD` does, a change is measured from where the two parted: what
    /// others did on the base meanwhile is no part of it.
    fn sides(&self, git: &Git, project: &Project) -> Result<Sides> {
        let with = self.head.unwrap_or("HEAD");
        let parted = git.merge_base(self.base, with)?;
        let exact = git.resolve(self.base)?;
        let base = match &parted {
            Some(parted) if *parted != exact => parted.get(..12).unwrap_or(parted),
            _ => self.base,
        };
        let base = Snapshot::open(git, project, base)?;
        let head = self.head.map(|head| Snapshot::open(git, project, head)).transpose()?;
        let paths = match &head {
            Some(head) => git.changed_between(&base.commit, &head.commit)?,
            None => git.changed_since(&base.commit)?,
        };
        let inside = revision::within(git, project);
        let paths = paths.iter().filter_map(|path| path.strip_prefix(&inside).ok().map(Path::to_owned));
        let links = if head.is_none() { links(project)? } else { Links::new() };
        Ok(Sides { paths: paths.collect(), base, head, links })
    }

    fn stage(&self, context: &Context, sides: &Sides, head: &Project, stage: &Stage) -> Result<Compared> {
        let base = &sides.base.project;
        let old_jobs = self.select(base, &sides.base.links, sides, base.jobs()?);
        let mut new_jobs = self.select(head, sides.head_links(), sides, head.jobs()?);
        new_jobs.extend(self.bereft(base, head, &new_jobs)?);
        let unknown = self.names.iter().find(|name| {
            let has = |project: &Project| {
                project.jobs().is_ok_and(|jobs| jobs.iter().any(|job| job.name == **name))
            };
            !has(head) && !has(base)
        });
        if let Some(unknown) = unknown {
            return Err(head.job(unknown).err().unwrap_or_else(|| usage("no such job", "name another")));
        }
        let compile = |project: &Project, jobs: &[JobEntry]| -> BTreeMap<String, Outcome> {
            // A stage that one side does not have runs nothing there.
            let Some(stage) = project.stages.get(&stage.name) else { return BTreeMap::new() };
            let compiler: Compiler<'_> = context.compiler(project);
            let outcomes = compiler.fleet(jobs, &[stage], &[]);
            outcomes.into_iter().map(|outcome| (outcome.name.clone(), outcome)).collect()
        };
        let (mut old, mut new) = (compile(base, &old_jobs), compile(head, &new_jobs));
        let names: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
        // What no changed file reaches was not compiled.
        let untouched =
            head.jobs()?.into_iter().filter(|job| self.is_meant(job) && !names.contains(&job.name));
        let untouched = untouched.count();
        let mut compared = Compared {
            pairs: Vec::new(),
            unchanged: untouched,
            invalid: Vec::new(),
            were_invalid: Vec::new(),
        };
        for name in names {
            let (old, new) = (old.remove(&name), new.remove(&name));
            match (old.map(|old| old.result).transpose(), new.map(|new| new.result).transpose()) {
                (_, Err(problems)) => compared.invalid.push((name, problems)),
                (Err(_), Ok(Some(_))) => compared.were_invalid.push(name),
                // What it was is not known; that it is gone is.
                (Err(_), Ok(None)) => {
                    let id = merge::job_id(stage, &name);
                    let diff = JobDiff { id, kind: Some(Kind::Removed), changes: Vec::new() };
                    let own = |job: &&JobEntry| job.name == name;
                    let file =
                        old_jobs.iter().find(own).and_then(|job| job.path.strip_prefix(&base.root).ok());
                    let because = file.map(|file| file.display().to_string()).into_iter().collect();
                    compared.pairs.push(Pair { name, diff, base: None, head: None, because });
                }
                (Ok(base), Ok(head)) => {
                    let job = |side: &Option<Box<Compiled>>| side.as_deref().map(|side| side.job().clone());
                    let diff = diff::diff(job(&base).as_ref(), job(&head).as_ref());
                    if diff.is_none() {
                        compared.unchanged += 1;
                        continue;
                    }
                    let because = because(sides, base.as_deref(), head.as_deref());
                    compared.pairs.push(Pair { name, diff, base, head, because });
                }
            }
        }
        Ok(compared)
    }

    /// The jobs that the change can reach: what all jobs share may change any of them.
    fn select(&self, project: &Project, links: &Links, sides: &Sides, jobs: Vec<JobEntry>) -> Vec<JobEntry> {
        let changed = |path: &Path| sides.paths.iter().any(|other| other == path);
        let shared = sides.paths.iter().any(|path| is_shared(path))
            || links.iter().any(|(link, to)| is_shared(link) && changed(to));
        let own = |job: &JobEntry| {
            let path = job.path.strip_prefix(&project.root).unwrap_or(&job.path);
            changed(path) || links.get(path).is_some_and(|to| changed(to))
        };
        jobs.into_iter().filter(|job| self.is_meant(job) && (shared || own(job))).collect()
    }

    /// The other jobs that need one which is gone: their own files are as they were.
    fn bereft(&self, base: &Project, head: &Project, selected: &[JobEntry]) -> Result<Vec<JobEntry>> {
        let (before, now) = (base.jobs()?, head.jobs()?);
        let gone = |name: &str| {
            let has = |jobs: &[JobEntry]| jobs.iter().any(|job| job.name == name);
            has(&before) && !has(&now)
        };
        if !before.iter().any(|job| gone(&job.name)) {
            return Ok(Vec::new());
        }
        let needs_it = |job: &JobEntry| {
            load::load_entry(head, job)
                .is_ok_and(|file| needs::of(&file.root).iter().any(|it| gone(&it.name)))
        };
        let others = now.iter().filter(|job| self.is_meant(job) && !selected.contains(job));
        Ok(others.filter(|job| needs_it(job)).cloned().collect())
    }

    fn is_meant(&self, job: &JobEntry) -> bool {
        self.names.is_empty() || self.names.contains(&job.name)
    }
}

/// Links among the files of a project, and what they lead to; both relative to the project.
type Links = BTreeMap<PathBuf, PathBuf>;

/// The job files of the work tree that are links within the project.
fn links(project: &Project) -> Result<Links> {
    let root = project.root.canonicalize().unwrap_or_else(|_| project.root.clone());
    let leads = |job: JobEntry| {
        let path = job.path.strip_prefix(&project.root).ok()?.to_owned();
        let real = job.path.canonicalize().ok()?;
        let real = real.strip_prefix(&root).ok()?;
        (real != path).then(|| (path, real.to_owned()))
    };
    Ok(project.jobs()?.into_iter().filter_map(leads).collect())
}

/// Whether a file is of all jobs.
fn is_shared(path: &Path) -> bool {
    path == Path::new(FILE) || path.starts_with("templates") || path.starts_with("schemas")
}

/// The changed files that a job was compiled from, on either side.
fn because(sides: &Sides, base: Option<&Compiled>, head: Option<&Compiled>) -> Vec<String> {
    let mut used: BTreeSet<PathBuf> = BTreeSet::from([PathBuf::from(FILE)]);
    let shown = |name: &str| {
        // A side's names are shown with its revision before them.
        let name = name.split_once(":./").map_or(name, |(_, path)| path);
        PathBuf::from_iter(
            Path::new(name).components().filter(|part| !matches!(part, std::path::Component::ParentDir)),
        )
    };
    for side in [base, head].into_iter().flatten() {
        used.insert(shown(side.merged.file.source.name()));
        used.extend(side.rendered.lines.templates().map(shown));
        used.insert(PathBuf::from(format!("schemas/{}.schema.json", side.merged.template)));
    }
    let leads = |path: &PathBuf| [sides.base.links.get(path), sides.head_links().get(path)];
    used.extend(used.iter().flat_map(leads).flatten().cloned().collect::<Vec<_>>());
    let changed = sides.paths.iter().filter(|path| used.iter().any(|used| used.ends_with(path)));
    changed.map(|path| path.display().to_string()).collect()
}

impl Compared {
    fn grouped<'g>(&'g self, finds: &'g [Box<FindPlace<'g>>]) -> Grouped {
        let members = self.pairs.iter().zip(finds).map(|(pair, find)| Member {
            name: &pair.name,
            diff: &pair.diff,
            place: Some(&**find),
        });
        let mut grouped = group::group(members, &Show::plain(masker()));
        grouped.unchanged = self.unchanged;
        grouped
    }

    fn finds(&self) -> Vec<Box<FindPlace<'_>>> {
        self.pairs
            .iter()
            .map(|pair| Box::new(|spot: Spot<'_>| pair.place(spot)) as Box<FindPlace<'_>>)
            .collect()
    }

    fn show(&self, printer: &Printer, stage: Option<&str>) {
        if let Some(stage) = stage {
            printer.line(format_args!("{}", Styled(style::BOLD, format_args!("== {stage}"))));
        }
        for (_, problems) in &self.invalid {
            printer.diagnostics(problems);
        }
        for name in &self.were_invalid {
            printer.line(format_args!("{name}: was invalid, and is valid now"));
        }
        let finds = self.finds();
        match &self.pairs[..] {
            [] => {}
            [pair] => {
                let find = &finds[0];
                let show = Show {
                    style: printer.diff_style(),
                    masker: masker(),
                    place: Some(&**find),
                    annotations: None,
                };
                printer.result(diff::text::render(&pair.diff, &show));
            }
            _ => {
                let show =
                    Show { style: printer.diff_style(), masker: masker(), place: None, annotations: None };
                printer.result(self.grouped(&finds).render(&show));
            }
        }
        let mut files: BTreeMap<&str, usize> = BTreeMap::new();
        for file in self.pairs.iter().flat_map(|pair| &pair.because) {
            *files.entry(file).or_default() += 1;
        }
        for (file, jobs) in files {
            printer.line(format_args!("because of {file}: {}", super::validate::count(jobs, "job")));
        }
        let invalid = match self.invalid.len() {
            0 => String::new(),
            invalid => format!(", {}", Styled(style::BAD, format_args!("{invalid} invalid"))),
        };
        let changed = super::validate::count(self.pairs.len(), "job");
        let verb = if self.pairs.len() == 1 { "changes" } else { "change" };
        printer.line(format_args!("{changed} {verb}, {} unchanged{invalid}", self.unchanged));
    }

    /// A pull-request comment.
    fn to_markdown(&self, base: &str, stage: &str) -> String {
        let finds = self.finds();
        let row = |pair: &Pair| {
            let change = pair.diff.kind.map_or("none", Kind::word);
            let files: Vec<String> = pair.because.iter().map(|file| code(file)).collect();
            vec![code(&pair.name), change.to_owned(), files.join(", ")]
        };
        let failed = |(name, problems): &(String, Vec<Diagnostic>)| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            format!("{}: {}", code(name), words(&first))
        };
        let changed = super::validate::count(self.pairs.len(), "job");
        let comment = Comment {
            title: format!("{} since {}", code(stage), code(base)),
            summary: format!("{changed} changed, {} unchanged", self.unchanged),
            columns: ["job", "change", "because of"].map(str::to_owned).to_vec(),
            rows: self.pairs.iter().map(row).collect(),
            sections: vec![
                Section { title: "Invalid".to_owned(), items: self.invalid.iter().map(failed).collect() },
                Section {
                    title: "Were invalid".to_owned(),
                    items: self.were_invalid.iter().map(|name| code(name)).collect(),
                },
            ],
        };
        comment.render(&self.grouped(&finds), &Show::plain(masker()))
    }

    fn to_json(&self, stage: &str) -> Json {
        let finds = self.finds();
        let jobs = self.pairs.iter().zip(&finds).map(|(pair, find)| {
            let show = Show { place: Some(&**find), ..Show::plain(masker()) };
            json!({
                "job": pair.name,
                "change": pair.diff.kind.map_or("none", Kind::word),
                "because": pair.because,
                "diff": diff::json::to_json(&pair.diff, &show),
            })
        });
        let invalid = self
            .invalid
            .iter()
            .map(|(name, problems)| json!({"job": name, "errors": diagnostic::json::list(problems)}));
        json!({
            "stage": stage,
            "jobs": jobs.collect::<Vec<_>>(),
            "unchanged": self.unchanged,
            "invalid": invalid.collect::<Vec<_>>(),
            "were_invalid": self.were_invalid,
            "groups": self.grouped(&finds).to_json(&Show { style: Style::plain(), ..Show::plain(masker()) }),
        })
    }
}

impl Pair {
    /// Where a change comes from: the new side, or for what is gone the old one, unless the new one took it away.
    fn place(&self, spot: Spot<'_>) -> Option<Cause> {
        let now = self.head.as_ref().and_then(|side| side.cause(spot));
        let Spot::Gone(gone, _) = spot else { return now };
        if now.as_ref().is_some_and(|cause| cause.standing == Standing::Here) {
            return now;
        }
        self.base.as_ref().and_then(|side| side.cause_before(gone.was?)).or(now)
    }
}
