//! Which values are complained of as literal secrets, and which are not: a table, through the real binary.

use std::collections::BTreeSet;

use crate::cli_project::Cli;

const PLATY: &str =
    "stages:\n  devel: {cluster: local}\ndefault_stage: devel\ndefaults:\n  config: {user: cbe}\n";

/// Names and values that are public.
const PUBLIC: &[(&str, &str)] = &[
    ("PASSWORD_RESET_LINK", "https://www.example.com/account/reset"),
    ("PASSWORD_RESET_URL", "https://www.example.com/account/reset"),
    ("SECRET_SANTA", "on"),
    ("SECRET_SANTA_MODE_2", "pairs"),
    ("TOKEN_BUCKET", "100"),
    ("TOKEN_BUCKET_RATE", "12.5"),
    ("PASS_THROUGH", "enabled"),
    ("PASSWORD", "disabled"),
    ("CREDENTIALS", "same-origin"),
    ("SESSION_TOKEN_ROTATION_DAYS", "30"),
    ("PASSWORD_ENCODER", "bcrypt"),
    ("TOKEN_FILE", "/secrets/token"),
    ("DB_PASSWORD", "/run/secrets/db_password"),
    ("DB_PASSWORD_A", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"),
    ("VAULT_TOKEN", "vault:secret/data/web#token"),
    ("API_TOKEN", "op://infra/web/api-token"),
    ("AUTH_TOKEN", "https://auth.example.com/oauth/authorize"),
    ("DB_PASSWORD_REF", "${NOMAD_SECRETS_DIR}/db"),
    ("SECRET_ROTATED", "2026-11-23T10:15:00Z"),
    ("MD5", "5f4dcc3b5aa765d61d8327deb882cf99"),
    ("FILE_MD5", "5f4dcc3b5aa765d61d8327deb882cf99"),
    ("SHA256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("MODEL_SHA256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("CHECKSUM", "sha512:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a089f86d081884c7d65"),
    ("COMMIT", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"),
    ("SOURCE", "git@github.com:example/web.git#9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"),
    ("SHORT", "web-9f86d08-linux-x86_64-Release42"),
    ("VOLUME", "a3bb189e-8bf9-3888-9912-ace4e6543002"),
    ("VOLUME_UPPER", "A3BB189E-8BF9-3888-9912-ACE4E6543002"),
    (
        "IMAGE_A",
        "registry.example.com/team/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    ("IMAGE_B", "registry.example.com/Team9/App42/Release7-Build1234:v1.2.3"),
    ("CDN", "https://cdn.example.com/assets/x7Fk2pQ9vLm4Zt8RwYcN5hJ/app.js"),
    ("WITH_QUERY", "https://cdn.example.com/app.js?v=x7Fk2pQ9vLm4Zt8RwYcN5hJ"),
    ("PLAIN_URL", "postgres://db.internal:5432/app?sslmode=require"),
    ("NAMED_URL", "postgres://app@db.internal:5432/app"),
    ("REFERRED_URL", "postgres://app:${DB_PASSWORD}@db.internal:5432/app"),
    ("ROLE", "arn:aws:iam::123456789012:role/Ecs7TaskExecution9RoleForWeb2Prod4Backend"),
    ("STARTED", "2026-11-23T10:15:00.123456Z"),
    ("BACKUP", "/data/backups/2026-11-23T10-15-00Z/Release42/full"),
    ("BACKUP_B", "backups/20261123T101500Z/Release42Build7/dump"),
    ("LOGS", "/var/log/App7/Run20261123T101500Z/Node9Out"),
    ("LOOKS_LIKE_BASE64", "/opt/x7Fk2p/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpH/bin"),
    ("BUNDLE", "dist/main.x7Fk2pQ9vLm4Zt8RwYcN5hJ.js"),
    ("CLASS_A", "com.example.search.ContentElasticSearch7FillStoryIdWorkerV2"),
    ("CLASS_B", "org.springframework.boot.autoconfigure.jdbc.DataSourceTransactionManagerAutoConfiguration"),
    ("CLASS_C", "Http2ServerTlsContextFactoryBuilderV2"),
    ("KEBAB", "content-es-article-index-rebuild-nightly-2026-v2"),
    ("KEBAB_MIXED", "Prod-EU-West-1-Search-Cluster-Blue-Node-07"),
    ("SNAKE", "Content_Es_Article_Index_2026_11_23_Rebuild_V2"),
    ("KAFKA_CLUSTER_ID", "MkU3OEVBNTcwNTJENDM2Qg"),
    ("GOOGLE_CLIENT_ID", "123456789012-x7fk2pq9vlm4zt8rwycn5hj3"),
    ("SUBNET", "subnet-0bb1c79de3e4f5a6b"),
    (
        "PUBLIC_SSH",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx7Fk2pQ9vLm4Zt8RwYcN5hJkQ2bV6nMpXsDfGhTyU me@example.com",
    ),
    ("PICTURE", "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"),
    (
        "CERT",
        "-----BEGIN CERTIFICATE-----\\nMIIBx7Fk2pQ9vLm4Zt8RwYcN5hJkQ2bV6nMpXs\\n-----END CERTIFICATE-----",
    ),
    ("SRI", "sha384-oqVuAfXRKap7fdgcCY5uykM6x9GqQ8K7uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC"),
    ("HINT", "the token: it is read from a file"),
    (
        "JAVA_OPTS",
        "-Xmx2g -XX:+UseG1GC -Dcom.example.Search7Cluster=Prod -Djava.security.egd=file:/dev/./urandom",
    ),
    ("ALPHABET", "AZERTYUIOPQSDFGHJKLMWXCVBN"),
    ("NUMBER", "123456789012345678901234567890"),
    ("CRON", "*/15 2-6 * * MON-FRI"),
    ("HOSTS", "kafka-01.prod.example.com:9092,kafka-02.prod.example.com:9092"),
];

/// Names and values that are secrets.
const SECRET: &[(&str, &str)] = &[
    ("DB_PASSWORD", "hunter2"),
    ("DB_PASSWORD_2", "correct horse battery staple"),
    ("DB_PASSWORD_PROD", "hunter2-Grün!x"),
    ("PASSWORD", "12345"),
    ("SECRET_KEY_BASE", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
    ("API_KEY", "abc-def-ghi"),
    ("NOMAD_TOKEN", "a3bb189e-8bf9-3888-9912-ace4e6543002"),
    ("JWT_KEY", "sesame"),
    ("CLIENT_SECRET", "/x8KqZ7Wv2"),
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_A", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("GITHUB", "ghp_x7Fk2pQ9vLm4Zt8RwYcN5hJkQ2bV6nMpXsDf"),
    ("GITLAB", "glpat-x7Fk2pQ9vLm4Zt8RwYcN"),
    ("SLACK", "xoxb-123456789012-123456789012-x7Fk2pQ9vLm4Zt8RwYcN5hJk"),
    ("SLACK_HOOK", "https://hooks.slack.com/services/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"),
    ("STRIPE", "sk_live_x7Fk2pQ9vLm4Zt8RwYcN5hJk"),
    ("VAULT", "hvs.x7Fk2pQ9vLm4Zt8RwYcN5hJkQ2bV6nMpXsDf"),
    ("GOOGLE", "AIzaSyx7Fk2pQ9vLm4Zt8RwYcN5hJkQ2bV6nMpXs"),
    ("NPM", "npm_x7Fk2pQ9vLm4Zt8RwYcN5hJkQ2bV6nMpXsDf"),
    ("JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"),
    ("PEM", "-----BEGIN RSA PRIVATE KEY-----\\nMIIEx7Fk2pQ9vLm4Zt8RwYcN5hJk\\n-----END RSA PRIVATE KEY-----"),
    (
        "PEM_EC",
        "-----BEGIN EC PRIVATE KEY-----\\nMHcCx7Fk2pQ9vLm4Zt8RwYcN5hJk\\n-----END EC PRIVATE KEY-----",
    ),
    ("DATABASE_URL", "postgres://app:hunter2@db.internal:5432/app"),
    ("AMQP", "amqp://guest:s3same@mq.internal/vhost"),
    ("REDIS", "redis://:s3same@cache.internal:6379/0"),
    ("QUERY", "https://api.example.com/hook?token=x7Fk2pQ9vLm4"),
    ("SIGNED", "https://store.example.com/blob?sv=2026&sig=x7Fk2pQ9vLm4Zt8RwYcN5hJkQ2bV6nMpXsDf"),
    ("DSN", "host=db user=app password=hunter2 dbname=app"),
    ("HEADER", "Authorization: Bearer x7Fk2pQ9vLm4Zt8RwYcN5hJk"),
    ("OPTS", "--verbose --api-token=x7Fk2pQ9vLm4 --port=8080"),
    ("JSON", "{\\\"client_secret\\\": \\\"x7Fk2pQ9vLm4\\\"}"),
    ("RANDOM_A", "kX9fQ2vB7pLm3ZtR8wYcN5hJ"),
    ("RANDOM_B", "q8z3k1m9x5w2v7t4r6p0n8b3j1h5g2f9"),
    ("RANDOM_C", "5f4dcc3b5aa765d61d8327deb882cf99"),
    ("RANDOM_D", "Zm9vYmFyMTIzNDU2Nzg5MA+kX9fQ2vB7pLm3Zt=="),
    ("RANDOM_E", "dGhpcy-kX9fQ2v_B7pLm3ZtR8wYcN5hJ4q"),
];

fn found(values: &[(&str, &str)]) -> BTreeSet<String> {
    let mut file = "file: worker\nconfig:\n  image: x\n  command: /bin/web\n  env:\n".to_owned();
    for (i, (name, value)) in values.iter().enumerate() {
        file.push_str(&format!("    V{i}__{name}: \"{value}\"\n"));
    }
    let cli = Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", &file)]);
    let json = cli.run("validate web --format json").exits(0).json();
    let findings = json["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == "P0815");
    let path = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
    findings.map(|finding| path(finding["message"].as_str().unwrap_or_default())).collect()
}

#[test]
fn what_is_public_is_not_complained_of() {
    assert!(PUBLIC.len() + SECRET.len() >= 60);
    let found = found(PUBLIC);
    let wrong: Vec<_> = PUBLIC
        .iter()
        .enumerate()
        .filter(|(i, (name, _))| found.contains(&format!("env.V{i}__{name}")))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_secret_is_complained_of() {
    let found = found(SECRET);
    let missed: Vec<_> = SECRET
        .iter()
        .enumerate()
        .filter(|(i, (name, _))| !found.contains(&format!("env.V{i}__{name}")))
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// What may be a secret is hidden still, where it is no finding.
#[test]
fn a_mask_is_more_careful_than_a_finding() {
    let job = |value: &str| {
        format!("file: worker\nconfig:\n  image: x\n  command: /bin/web\n  env: {{SECRET_SANTA: {value}}}\n")
    };
    let cli = Cli::new(&[("platy.yaml", PLATY), ("jobs/web.yaml", &job("pairwise"))]);
    cli.run("validate web").exits(0).says("valid");
    cli.run("create web").exits(0);
    cli.write("jobs/web.yaml", &job("random"));
    let run = cli.run("plan web").exits(0).says("SECRET_SANTA").says("‹secret ");
    assert!(!run.stdout.contains("pairwise"), "{}", run.stdout);
    cli.run("plan web -o web.plan").exits(0).says("the plan is in");
}
