declare module '*?inlined' {
  const code: string
  export default code
}
declare module '*.css?raw' {
  const text: string
  export default text
}
