import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import { provisioningFiles } from "./provisioning";

/**
 * Opens the alias `lake`. `mc` reads an alias from the environment, so the key never stands on a
 * command line. Both parts of the key are letters and digits, so the URL needs no escaping.
 */
const openAlias = `
export MC_CONFIG_DIR=/tmp/mc
export MC_HOST_lake="\${LAKE_ENDPOINT%%://*}://\${LAKE_ADMIN_USER}:\${LAKE_ADMIN_PASSWORD}@\${LAKE_ENDPOINT#*://}"
mc --quiet ready lake
`.trim();

/** Makes the buckets named in `LAKE_BUCKETS` and sets the lifecycle of `LAKE_BUCKET`. */
export const minioBucketsScript = `
${openAlias}
for bucket in \${LAKE_BUCKETS}; do
  mc --quiet mb --ignore-existing "lake/\${bucket}"
done
mc --quiet ilm import "lake/\${LAKE_BUCKET}" < ${provisioningFiles}/lifecycle.json
`.trim();

/**
 * Makes or updates the consumer named by `CONSUMER` and its policy, and ends the further keys that
 * the consumer may have made itself. `mc` reads both parts of the key from standard input;
 * attaching a policy twice is an error to MinIO, so the mapping is read first.
 */
export const minioGrantScript = `
${openAlias}
printf '%s\\n%s\\n' "\${CONSUMER}" "\${CONSUMER_SECRET_KEY}" | mc --quiet admin user add lake
mc --quiet admin policy create lake "\${CONSUMER}" ${provisioningFiles}/policy.json
case "$(mc --json admin user info lake "\${CONSUMER}")" in
  *"\\"policyName\\":\\"\${CONSUMER}\\""*) ;;
  *) mc --quiet admin policy attach lake "\${CONSUMER}" --user "\${CONSUMER}" ;;
esac
start='"accessKey":"'
end='"'
made="$(mc --json admin user svcacct list lake "\${CONSUMER}")"
while read -r line; do
  key=\${line#*"\${start}"}
  if [ "\${key}" != "\${line}" ]; then
    mc --quiet admin user svcacct remove -- lake "\${key%%"\${end}"*}"
  fi
done <<EOF
\${made}
EOF
`.trim();

/**
 * Expires the raw Ray logs, as `mc ilm import` reads it. MinIO refuses a rule for unfinished
 * multipart uploads: it drops those by itself after a day.
 */
export function lifecycleDocument(rawLogRetentionDays: number): Record<string, unknown> {
  return {
    Rules: [
      {
        ID: "expire-raylogs",
        Status: "Enabled",
        Filter: { Prefix: lakeFolders.rayLogs },
        Expiration: { Days: rawLogRetentionDays },
      },
    ],
  };
}
