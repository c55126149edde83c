// A certificate authority of a test's own, by openssl, and a server that shows its certificates.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "../../http/support/cluster.mjs";

const openssl = (...parameters) => execFileSync("openssl", parameters, { stdio: ["ignore", "pipe", "pipe"] });

// openssl's notation, days from now.
const moment = (days) =>
  new Date(Date.now() + days * 86_400_000)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:T]/g, "");

export class Authority {
  constructor(name) {
    this.directory = mkdtempSync(join(tmpdir(), "auth-api-authority-"));
    chmodSync(this.directory, 0o755);
    atExit(() => rmSync(this.directory, { recursive: true }));
    this.certificate = join(this.directory, "ca.crt");
    const key = join(this.directory, "ca.key");
    openssl(
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "10",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      key,
      "-out",
      this.certificate,
    );
    this.configuration = join(this.directory, "ca.cnf");
    writeFileSync(join(this.directory, "index.txt"), "");
    writeFileSync(
      this.configuration,
      `[ca]\ndefault_ca = it\n[it]\ndatabase = ${this.directory}/index.txt\nrand_serial = yes\n` +
        `new_certs_dir = ${this.directory}\ncertificate = ${this.certificate}\nprivate_key = ${key}\n` +
        "default_md = sha256\nunique_subject = no\ncopy_extensions = copy\npolicy = any\n" +
        "[any]\ncommonName = supplied\n",
    );
  }

  // { certificate, key }: files, valid `from` … `to` days from now.
  issue(commonName, { names = [], from = -1, to = 10 } = {}) {
    const base = join(this.directory, randomBytes(6).toString("hex"));
    const [request, certificate, key] = [".csr", ".crt", ".key"].map((ending) => base + ending);
    const extensions = names.length > 0 ? ["-addext", `subjectAltName=${names.join(",")}`] : [];
    openssl(
      "req",
      "-new",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      `/CN=${commonName}`,
      ...extensions,
      "-keyout",
      key,
      "-out",
      request,
    );
    openssl(
      "ca",
      "-batch",
      "-notext",
      "-config",
      this.configuration,
      "-startdate",
      moment(from),
      "-enddate",
      moment(to),
      "-in",
      request,
      "-out",
      certificate,
    );
    chmodSync(key, 0o600);
    return { certificate, key };
  }
}

// From now on the running cluster shows this certificate to new connections; `clients` is the certificate of
// the authority that its clients' certificates must come from.
export async function showCertificate(cluster, admin, { certificate, key }, clients) {
  const owner = statSync(cluster.dataDirectory);
  const install = (file, name) => {
    const path = join(cluster.dataDirectory, name);
    copyFileSync(file, path);
    chmodSync(path, 0o600);
    chownSync(path, owner.uid, owner.gid);
  };
  install(certificate, "server.crt");
  install(key, "server.key");
  await admin.query("ALTER SYSTEM SET ssl = on");
  if (clients) {
    install(clients, "clients.crt");
    await admin.query("ALTER SYSTEM SET ssl_ca_file = 'clients.crt'");
  }
  await admin.query("SELECT pg_reload_conf()");
}
