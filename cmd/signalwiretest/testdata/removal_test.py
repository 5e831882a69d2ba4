import base64, json, os, signal, subprocess, unittest, urllib.error, urllib.request

class RemovalTest(unittest.TestCase):
    def setUp(self):
        command = os.environ.get("SIGNALWIRETEST", "go run ./cmd/signalwiretest").split()
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.addCleanup(lambda: (os.killpg(server.pid, signal.SIGTERM), server.communicate()))
        url, project, token, conference, calls, self.control = (server.stdout.readline().strip().split("=")[1] for _ in range(6))
        self.participants, self.calls = f"{url}/Accounts/{project}/Conferences/{conference}/Participants/", calls.split(",")
        self.headers = {"Authorization": "Basic " + base64.b64encode(f"{project}:{token}".encode()).decode(), "Content-Type": "application/json"}
    def send(self, method, url, body=None):
        request = urllib.request.Request(url, json.dumps(body).encode() if body else None, self.headers, method=method)
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10)
    def script(self, call, response):
        self.send("POST", self.control + "/script", {"call_sid": call, "responses": [response]})
    def test_lost_response_and_503(self):
        self.script(self.calls[0], {"kind": "disconnect", "act": True})
        self.script(self.calls[1], {"kind": "html", "status": 503})
        self.assertRaises(ConnectionError, self.send, "DELETE", self.participants + self.calls[0])
        self.assertRaisesRegex(urllib.error.HTTPError, "503", self.send, "DELETE", self.participants + self.calls[1])
        state = json.load(self.send("GET", self.control + "/state"))
        self.assertEqual((state["projects"][0]["conferences"][0]["call_sids"], state["unused"]), (self.calls[1:], []))

unittest.main()
