/** Runs in the page before anything else: the preload's `electron`, whose channels end in the functions that the test exposed. */
export const shellPageScript = (preload: string): string => `(() => {
  const pack = (value) => JSON.stringify(value, (_key, member) =>
    ArrayBuffer.isView(member) ? { $bytes: [member.constructor.name, btoa(String.fromCharCode(...new Uint8Array(member.buffer, member.byteOffset, member.byteLength)))] } : member)
  const unpack = (text) => text === undefined ? undefined : JSON.parse(text, (_key, member) =>
    member?.$bytes ? new globalThis[member.$bytes[0]](Uint8Array.from(atob(member.$bytes[1]), (c) => c.charCodeAt(0)).buffer) : member)
  const listeners = new Map()
  const ports = new Map()
  globalThis.__shell = {
    page: (channel, given, ids) => {
      const event = {
        ports: ids.map((id) => {
          const { port1, port2 } = new MessageChannel()
          port1.onmessage = ({ data }) => void __port(id, pack(data))
          port1.addEventListener('close', () => void __portClose(id))
          ports.set(id, port1)
          return port2
        }),
      }
      for (const listener of listeners.get(channel) ?? []) listener(event, ...unpack(given))
    },
    port: (id, message) => ports.get(id).postMessage(unpack(message)),
    portClosed: (id) => ports.get(id).close(),
  }
  const ipcRenderer = {
    on: (channel, listener) => void listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
    removeListener: (channel, listener) => void listeners.set(channel, (listeners.get(channel) ?? []).filter((other) => other !== listener)),
    send: (channel) => void __send(channel),
    invoke: async (channel, ...given) => unpack(await __invoke(channel, pack(given))),
  }
  const contextBridge = { exposeInMainWorld: (name, value) => void (globalThis[name] = value) }
  const require = (name) => {
    if (name !== 'electron') throw new Error('a sandboxed preload cannot require ' + name)
    return { ipcRenderer, contextBridge }
  }
  ;((require, module, exports) => {
${preload}
  })(require, { exports: {} }, {})
})()`

/** Plain values with typed arrays as text, the way the script above reads them. */
export const pack = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    ArrayBuffer.isView(member)
      ? { $bytes: [typeName(member), Buffer.from(member.buffer, member.byteOffset, member.byteLength).toString('base64')] }
      : member,
  )

const typeName = (view: ArrayBufferView): string => (Buffer.isBuffer(view) ? 'Uint8Array' : view.constructor.name)

export const unpack = (text: string): unknown =>
  JSON.parse(text, (_key, member: { readonly $bytes?: readonly [string, string] } | null) =>
    member?.$bytes ? Uint8Array.from(Buffer.from(member.$bytes[1], 'base64')) : member,
  )
