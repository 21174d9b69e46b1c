import { lakeFolders } from "@mlplatform/contracts/lakeFolders";
import { provisioningFiles } from "./provisioning";

/** `weed shell` reads commands from standard input and exits with 1 where one of them failed. */
const shell = 'weed shell -master="${LAKE_MASTER}" -filer="${LAKE_FILER}"';

/**
 * Makes the buckets named in `LAKE_BUCKETS` and gives new Ray logs their time to live. Making a
 * bucket twice is an error to SeaweedFS, so the buckets are read first.
 */
export const seaweedBucketsScript = `
existing="$(printf 's3.bucket.list\\n' | ${shell} | awk '{print $1}')"
for bucket in \${LAKE_BUCKETS}; do
  case " $(echo \${existing}) " in
    *" \${bucket} "*) ;;
    *) printf 's3.bucket.create -name=%s\\n' "\${bucket}" | ${shell} ;;
  esac
done
printf 'fs.configure -locationPrefix=/buckets/%s/${lakeFolders.rayLogs} -ttl=%s -apply\\n' \\
  "\${LAKE_BUCKET}" "\${RAW_LOG_TTL}" | ${shell} > /dev/null
`.trim();

/**
 * Makes or updates the consumer named by `CONSUMER` and its policy. `s3.configure` prints what it
 * stored, the key included, so its output is dropped; its errors go to standard error.
 */
export const seaweedGrantScript = `
printf 's3.policy -put -name=%s -file=${provisioningFiles}/policy.json\\n' \\
  "\${CONSUMER}" | ${shell} > /dev/null
printf 's3.configure -user=%s -access_key=%s -secret_key=%s -policies=%s -apply\\n' \\
  "\${CONSUMER}" "\${CONSUMER}" "\${CONSUMER_SECRET_KEY}" "\${CONSUMER}" | ${shell} > /dev/null
printf 's3.user.show -name %s\\n' "\${CONSUMER}" | ${shell}
`.trim();

/**
 * Days as SeaweedFS writes a time to live: a count of at most 255 and a unit. Longer times are
 * rounded up to weeks, which reach 1785 days.
 */
export function seaweedTimeToLive(days: number): string {
  return days <= 255 ? `${days}d` : `${Math.ceil(days / 7)}w`;
}
