import { useEffect, useState } from 'react'

export default function App() {
  const [message, setMessage] = useState('…')

  useEffect(() => {
    fetch('/api/hello')
      .then((response) => response.json())
      .then((answer) => setMessage(answer.message))
      .catch((error) => setMessage(`The backend does not answer: ${error.message}`))
  }, [])

  return (
    <main>
      <h1>{{PROJECT_NAME}}</h1>
      <p id="message">{message}</p>
    </main>
  )
}
