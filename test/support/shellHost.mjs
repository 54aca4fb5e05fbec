// The desktop's main process for browser tests: the built entry in Node, with nothing replaced but `electron`. Its page lives in
// a real browser on the other side of this process' channel.
import { register } from 'node:module'
import process from 'node:process'

const [, , fakeUrl, mainUrl] = process.argv
const hooks = `export const resolve = (name, context, next) =>
  /^electron(\\/|$)/.test(name) ? { url: ${JSON.stringify(fakeUrl)}, shortCircuit: true } : next(name, context)`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)

const { app, fake, invokeFrom, sendFrom } = await import(fakeUrl)
app.once('fake-exit', () => process.exit(fake.exitCode))
process.on('disconnect', () => app.exit(1))

const ports = new Map()
app.on('web-contents-created', (_event, { page }) => {
  for (const channel of ['shell.labPort', 'shell.menu', 'shell.open'])
    page.on(channel, (event, ...given) => {
      const ids = event.ports.map((port) => {
        const id = ports.size + 1
        ports.set(id, port)
        port.on('message', (message) => process.send({ type: 'port', id, message }))
        port.on('close', () => process.connected && process.send({ type: 'port-closed', id }))
        return id
      })
      process.send({ type: 'page', channel, given, ports: ids })
    })
})

const answers = {
  fetch: async ({ url }) => {
    const reply = await fake.protocols.get('app')(new Request(url))
    return { status: reply.status, headers: Object.fromEntries(reply.headers), body: new Uint8Array(await reply.arrayBuffer()) }
  },
  invoke: ({ channel, given }) => invokeFrom(fake.windows[0], channel, given),
  send: ({ channel }) => sendFrom(fake.windows[0], channel),
  port: ({ id, message }) => ports.get(id).postMessage(message),
  'port-close': ({ id }) => ports.get(id).close(),
  'choose-file': ({ filePath }) => void (fake.saveDialog = { canceled: false, filePath }),
  menu: ({ command }) => fake.windows[0].webContents.send('shell.menu', command),
  window: () => ({
    url: fake.windows[0].webContents.mainFrame.url,
    width: fake.windows[0].options.width,
    height: fake.windows[0].options.height,
  }),
  quit: () => {
    fake.answer = 1 // "Stop at the next round", where a run is under way
    app.quit()
  },
}
process.on('message', async ({ call, ...message }) => {
  try {
    process.send({ type: 'answer', call, value: await answers[message.type](message) })
  } catch (error) {
    process.send({ type: 'answer', call, error: String(error) })
  }
})

await import(mainUrl)
