// A partner's mailbox: the usual port follows the kind, unless somebody typed another one.
const USUAL = { sftp: "22", https: "443" };
const kind = document.querySelector("[name=kind]"), port = document.querySelector("[name=port]");
kind?.addEventListener("change", () => {
  if (port && kind.value in USUAL && (!port.value || Object.values(USUAL).includes(port.value))) port.value = USUAL[kind.value];
});
