// Answers questions of the Python tests with the code of the npm packages: a JSON list on standard
// input, a JSON list of answers on standard output. Bodies are base64; these packages sign text,
// so the bodies are UTF-8. A refusal is answered with false, any other error ends the process.
import { sign as signGithub, verify as verifyGithub } from "@octokit/webhooks-methods";
import standardwebhooks from "standardwebhooks";

const { Webhook, WebhookVerificationError } = standardwebhooks;

function verifyStandard({ secret, headers }, body) {
  try {
    new Webhook(secret).verify(body, headers, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

const answers = {
  "standard.sign": ({ secret, id, timestamp }, body) =>
    new Webhook(secret).sign(id, new Date(timestamp * 1000), body),
  "standard.verify": verifyStandard,
  "github.sign": ({ secret }, body) => signGithub(secret, body),
  "github.verify": ({ secret, signature }, body) => verifyGithub(secret, body, signature),
};

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const questions = JSON.parse(Buffer.concat(chunks).toString("utf8"));
const result = [];
for (const question of questions) {
  const body = Buffer.from(question.body, "base64").toString("utf8");
  result.push(await answers[question.op](question, body));
}
process.stdout.write(JSON.stringify(result));
