package signalwiretest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/api"
)

// TestOperations calls every operation of the contract with what its schemas
// allow. Each request is validated, and compared with what was given, value by
// value (arrived_test.go). Each decoded success is encoded and compared with what
// was sent. Each documented error, and what no operation documents, has to come
// back as an error that says so. The test knows no operation, so it holds for
// every contract.
func TestOperations(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData(api.Contract)
	require.NoError(t, err)
	settings, err := os.ReadFile("../api/oapi-codegen.yaml")
	require.NoError(t, err)
	server := NewServer(t)
	trial := &trial{t: t, server: server, isPart: bytes.Contains(settings, []byte("clude-operation-ids:")), client: server.Client(signalwire.WithHTTPClient(&signalwire.Doer{MaxAttempts: 1}))}
	server.OnViolation = func(err error) { trial.violations = append(trial.violations, err) }
	for _, path := range document.Paths.InMatchingOrder() {
		item := document.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			o := &subject{Operation: item.GetOperation(method), trial: trial, path: path, method: method, told: map[string]bool{}}
			for _, parameter := range item.Parameters {
				if o.Parameters.GetByInAndName(parameter.Value.In, parameter.Value.Name) == nil {
					o.parameters = append(o.parameters, parameter) // The operation's own win.
				}
			}
			o.parameters = append(o.parameters, o.Parameters...)
			o.run()
		}
	}
	t.Logf("%d operations, %d requests of which %d right, %d successes of which %d lossless, %d errors of which %d typed",
		trial.operations, trial.requests.all, trial.requests.good, trial.successes.all, trial.successes.good, trial.errors.all, trial.errors.good)
}

type trial struct {
	t          *testing.T
	server     *Server
	client     *signalwire.ClientWithResponses
	isPart     bool // of the contract, that the client is generated from
	violations []error
	before     int // requests before the last call

	operations                  int
	requests, successes, errors tally
}

// sent returns the requests of the last call.
func (t *trial) sent() []*Request {
	journal := &t.server.journal
	journal.mu.Lock()
	defer journal.mu.Unlock()
	return journal.entries[t.before:]
}

type tally struct{ all, good int }

// A subject is an operation under trial.
type subject struct {
	*openapi3.Operation
	trial        *trial
	path, method string
	parameters   openapi3.Parameters
	told         map[string]bool // what was wrong
}

// An input is what a call is given.
type input struct {
	method     string            // of the client, in lower case and without the ending
	parameters map[[2]string]any // by place and name
	mediaType  string            // of the body, or ""
	body       any
}

// A reply is what the server responds.
type reply struct {
	what   string
	status int
	header http.Header
	body   []byte
}

// count counts what is right, unless something is wrong.
func (o *subject) count(c *tally, what, wrong string) {
	c.all++
	if wrong == "" {
		c.good++
	} else if !o.told[what] { // Once is enough.
		o.trial.t.Errorf("%s %s: %s: %s", o.method, o.path, what, clip(wrong))
		o.told[what] = true
	}
}

func (o *subject) run() {
	trial := o.trial
	if _, ok := o.find(slices.Sorted(maps.Values(o.methods()))[0], "withresponse"); !ok && trial.isPart {
		return
	}
	trial.operations++
	inputs, err := o.inputs()
	if err != nil {
		o.count(&trial.requests, "request", err.Error())
		return
	}
	replies, err := o.successes()
	if err != nil {
		o.count(&trial.successes, "success", err.Error())
		return
	}
	for i := range max(len(inputs), len(replies)) {
		in, reply := inputs[i%len(inputs)], replies[i%len(replies)]
		result, err := o.call(in, reply, "withresponse")
		o.count(&trial.requests, "request "+in.mediaType, o.misSent(in))
		o.count(&trial.successes, reply.what, loss(reply, result, err))
	}
	if wrong, ok := o.misread(inputs[0], replies[0]); ok {
		o.count(&trial.successes, "items", wrong)
	}
	wrong := "" // of what the server does or makes up by itself; what it imitates may refuse the values
	if _, err := o.call(inputs[0], reply{}, "withresponse"); err != nil && !errors.Is(err, signalwire.ErrNotFound) && !errors.Is(err, signalwire.ErrBadRequest) || len(trial.violations) > 0 {
		wrong = fmt.Sprint(err, trial.violations)
	}
	o.count(&trial.successes, "made up", wrong)
	for _, reply := range o.failures() {
		for _, ending := range []string{"", "withresponse"} {
			_, err := o.call(inputs[0], reply, ending)
			o.count(&trial.errors, reply.what, o.mistyped(reply, err))
		}
	}
	for _, parameter := range o.in("path") {
		nothing := []string{"", ".", ".."}
		if o.sampler(everything, 0).flat(parameter.Schema.Value, 0).Format == "uuid" {
			nothing = []string{"00000000-0000-0000-0000-000000000000"}
		}
		for _, value := range nothing {
			in, failure := inputs[0], (*signalwire.TransportError)(nil)
			in.parameters = maps.Clone(in.parameters)
			in.parameters[[2]string{"path", parameter.Name}] = value
			_, err := o.call(in, replies[0], "withresponse")
			switch {
			case errors.Is(err, errNoValue): // Its type cannot be that.
			case errors.As(err, &failure) && len(trial.sent()) == 0:
				o.count(&trial.errors, "", "")
			default:
				o.count(&trial.errors, "path parameter "+parameter.Name, fmt.Sprintf("%q was sent: %v", value, err))
			}
		}
	}
}

// in returns the parameters in a place; those in the path come in its order.
func (o *subject) in(place string) (parameters []*openapi3.Parameter) {
	for _, parameter := range o.parameters {
		if parameter.Value.In == place {
			parameters = append(parameters, parameter.Value)
		}
	}
	slices.SortStableFunc(parameters, func(a, b *openapi3.Parameter) int {
		return strings.Index(o.path, "{"+a.Name+"}") - strings.Index(o.path, "{"+b.Name+"}")
	})
	return parameters
}

// variants are how much of what a schema leaves open is there.
var variants = []amount{everything, necessary, something, something, something, something, something}

// sampler returns one whose texts need escaping.
func (o *subject) sampler(amount amount, variant int) *sampler {
	s := newSampler(sha256.Sum256(fmt.Append(nil, o.method, o.path, variant)))
	s.amount = amount
	plain := s.text
	s.text = func() string { return plain() + ` é+&=%2F?#/;"\<` }
	return s
}

// methods are the client's, by media type of the body.
func (o *subject) methods() map[string]string {
	id := plain(o.OperationID)
	if id == "" {
		id = plain(o.method + o.path)
	}
	if id[0] <= '9' {
		id = "n" + id
	}
	if o.RequestBody == nil {
		return map[string]string{"": id}
	}
	methods := map[string]string{}
	for mediaType := range o.RequestBody.Value.Content {
		switch short, _, _ := strings.Cut(mediaType, ";"); {
		case short == "application/json":
			methods[mediaType] = id
		case short == "application/x-www-form-urlencoded":
			methods[mediaType] = id + "withformdatabody"
		case short == "text/plain":
			methods[mediaType] = id + "withtextbody"
		case isJSON(short):
			methods[mediaType] = id + "with" + plain(strings.ReplaceAll(short, "+", "plus")) + "body"
		default:
			methods[mediaType] = id + "withbody"
		}
	}
	return methods
}

var separators = regexp.MustCompile(`[^a-z0-9]`)

// plain is a name as the generator's names are if case is ignored.
func plain(name string) string { return separators.ReplaceAllString(strings.ToLower(name), "") }

// inputs are the variants of what a call can be given, for each type of body.
func (o *subject) inputs() (inputs []input, err error) {
	methods := o.methods()
	for _, mediaType := range slices.Sorted(maps.Keys(methods)) {
		for variant, amount := range variants {
			in := input{method: methods[mediaType], parameters: map[[2]string]any{}, mediaType: mediaType}
			s := o.sampler(amount, variant)
			s.inRequest = true
			for _, ref := range o.parameters {
				parameter, schema := ref.Value, ref.Value.Schema
				for _, content := range parameter.Content {
					schema = content.Schema
				}
				at := [2]string{parameter.In, parameter.Name}
				if parameter.Name == "AccountSid" && parameter.In == "path" {
					in.parameters[at] = o.trial.server.ProjectID()
				} else if parameter.Required || amount == everything || amount == something && s.random.IntN(2) == 0 {
					maker := *s
					if amount == necessary {
						maker.amount = everything
					}
					// Neither null nor an empty list has a text.
					notNothing := &openapi3.Schema{AllOf: openapi3.SchemaRefs{schema}, MinItems: 1, Not: isNull}
					if in.parameters[at], err = maker.sample(notNothing.NewRef()); err != nil {
						return nil, fmt.Errorf("parameter %s: %w", parameter.Name, err)
					}
				}
			}
			if mediaType != "" {
				if in.body, err = s.sample(o.RequestBody.Value.Content[mediaType].Schema); err != nil {
					return nil, fmt.Errorf("body %s: %w", mediaType, err)
				}
			}
			inputs = append(inputs, in)
		}
	}
	return inputs, nil
}

var isNull = openapi3.NewSchemaRef("", &openapi3.Schema{Type: &openapi3.Types{"null"}})

var errNoValue = errors.New("no value of the argument's type")

// find returns the client's method with an ending, or the raw one without.
func (o *subject) find(name, ending string) (method reflect.Value, ok bool) {
	client := reflect.ValueOf(o.trial.client)
	if ending == "" {
		client = reflect.ValueOf(o.trial.client.ClientInterface)
	}
	for i := range client.NumMethod() {
		if strings.EqualFold(client.Type().Method(i).Name, name+ending) {
			return client.Method(i), true
		}
	}
	return method, false
}

// call calls a method of the client. The zero reply is the server's own.
func (o *subject) call(in input, reply reply, ending string) (result any, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v", fault)
		}
	}()
	o.trial.before = 0
	o.trial.before, o.trial.violations = len(o.trial.sent()), nil
	function, ok := o.find(in.method, ending)
	if !ok {
		return nil, fmt.Errorf("%w: the client has no %s", errNoValue, in.method+ending)
	}
	arguments := []reflect.Value{reflect.ValueOf(o.trial.t.Context())}
	add := func(value any) {
		argument := reflect.New(function.Type().In(len(arguments)))
		decoder := json.NewDecoder(strings.NewReader(encode(value)))
		decoder.UseNumber()
		if failure := decoder.Decode(argument.Interface()); failure != nil {
			err = fmt.Errorf("%w: %s: %w", errNoValue, encode(value), failure)
		}
		arguments = append(arguments, argument.Elem())
	}
	params := map[string]any{}
	for at, value := range in.parameters {
		params[at[1]] = value
	}
	for _, parameter := range o.in("path") {
		add(in.parameters[[2]string{"path", parameter.Name}])
		delete(params, parameter.Name)
	}
	if len(o.in("path")) < len(o.parameters) {
		add(params)
	}
	if strings.HasSuffix(in.method, "withbody") {
		arguments = append(arguments, reflect.ValueOf(in.mediaType), reflect.ValueOf(strings.NewReader(fmt.Sprint(in.body))))
	} else if in.mediaType != "" {
		add(in.body)
	}
	if err != nil {
		return nil, err
	}
	if reply.status != 0 {
		o.trial.server.Script(Handle(http.HandlerFunc(reply.ServeHTTP)))
		defer o.trial.server.script.next(nil) // which is left if the request broke the contract
	}
	results := function.Call(arguments)
	if len(results) == 2 {
		err, _ = results[1].Interface().(error)
	}
	if results[0].IsNil() {
		return nil, err
	}
	return results[0].Interface(), err
}

func (r reply) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	maps.Copy(w.Header(), r.header)
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body)
}

// successes are the variants of each documented success. The last ones have
// words that enums lack.
func (o *subject) successes() (replies []reply, err error) {
	for _, key := range slices.Sorted(maps.Keys(o.Responses.Map())) {
		if !strings.HasPrefix(key, "2") {
			continue
		}
		response, status := o.Responses.Value(key).Value, statusOf(o.Responses, key)
		if len(response.Content) == 0 {
			replies = append(replies, reply{what: "success " + key, status: status})
		}
		for _, mediaType := range slices.Sorted(maps.Keys(response.Content)) {
			if !isJSON(mediaType) {
				continue // The client does not ask for it.
			}
			only := &openapi3.Response{Headers: response.Headers, Content: openapi3.Content{mediaType: response.Content[mediaType]}}
			for variant, amount := range variants {
				s := o.sampler(amount, variant)
				s.anyWord = variant > 4
				r := reply{what: "success " + key + " " + mediaType, status: status}
				if r.header, r.body, err = s.response(only); err != nil {
					return nil, fmt.Errorf("%s: %w", key, err)
				}
				if variant == 2 && !strings.Contains(mediaType, ";") {
					r.header.Set("Content-Type", mediaType+"; charset=utf-8")
				}
				replies = append(replies, r)
			}
		}
	}
	if len(replies) == 0 {
		return nil, errors.New("no success is documented")
	}
	return replies, nil
}

// statusOf is a status that a key of responses stands for, and no other does.
func statusOf(responses *openapi3.Responses, key string) int {
	if status, err := strconv.Atoi(key); err == nil {
		return status
	}
	status := 507
	if key != "default" {
		status = int(key[0]-'0')*100 + 7
	}
	for responses.Value(strconv.Itoa(status)) != nil {
		status++
	}
	return status
}

// loss says what of a success the client did not return.
func loss(reply reply, result any, err error) string {
	if err != nil || result == nil {
		return fmt.Sprintf("%v for %s", err, reply.body)
	}
	structure := reflect.ValueOf(result).Elem()
	for i := range structure.NumField() {
		name, field := structure.Type().Field(i).Name, structure.Field(i)
		if name != "Body" && name != "HTTPResponse" && !strings.HasPrefix(name, "Headers") && !field.IsNil() {
			if got := encode(field.Interface()); !same(decode(reply.body), decode([]byte(got))) {
				return fmt.Sprintf("%s is %s and not %s", name, got, reply.body)
			}
			return ""
		}
	}
	if len(reply.body) > 0 {
		return "nothing was decoded"
	}
	return ""
}

// misread says how what an iterator over two pages returns differs from them. It
// is not ok if the operation has none.
func (o *subject) misread(in input, page reply) (wrong string, ok bool) {
	object, _ := decode(page.body).(map[string]any)
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		object["next_page_uri"] = []any{BasePath + "/next?PageToken=PA%2F+1", nil, nil}[min(requests, 3)-1]
		page.body = []byte(encode(object))
		page.ServeHTTP(w, r)
	}))
	defer server.Close()
	other, trial := *o, *o.trial
	trial.client, _ = signalwire.New("example", trial.server.ProjectID(), trial.server.APIToken(), signalwire.WithBaseURL(server.URL+BasePath))
	other.trial = &trial
	sequence, err := other.call(in, reply{}, "items")
	if errors.Is(err, errNoValue) {
		return "", false
	}
	var got []any
	for item, failure := range reflect.ValueOf(sequence).Seq2() {
		if !failure.IsNil() {
			return fmt.Sprint(failure), true
		}
		got = append(got, decode([]byte(encode(item.Interface()))))
	}
	for _, value := range object { // It may have more than one list.
		if items, isList := value.([]any); isList && same(slices.Concat(items, items), got) {
			return "", true
		}
	}
	return encode(got) + " is no list of both pages", true
}

// failures are the documented errors, and what no operation documents.
func (o *subject) failures() (replies []reply) {
	var good reply // JSON
	for _, key := range slices.Sorted(maps.Keys(o.Responses.Map())) {
		for variant, amount := range variants[:3] {
			s := o.sampler(amount, variant)
			s.text = func() string { return strconv.Itoa(20404 + s.random.IntN(100)) } // a code, where it is one
			header, body, err := s.response(o.Responses.Value(key).Value)
			if err != nil {
				continue // It is not JSON.
			}
			r := reply{"documented error " + key, statusOf(o.Responses, key), header, body}
			if strings.HasPrefix(key, "2") {
				if good.status == 0 && len(body) > 0 {
					good = r
				}
				continue
			}
			if object, ok := decode(body).(map[string]any); ok && object["status"] != nil {
				object["status"] = r.status
				r.body = []byte(encode(object))
			}
			replies = append(replies, r)
		}
	}
	undocumented := 203
	for o.Responses.Value(strconv.Itoa(undocumented)) != nil {
		undocumented++
	}
	json, html := http.Header{"Content-Type": {"application/json"}}, http.Header{"Content-Type": {"text/html"}}
	if o.Responses.Value("2XX") == nil {
		replies = append(replies, reply{"undocumented success", undocumented, json, []byte("{}")})
	}
	if good.status != 0 {
		replies = append(replies, reply{"no body", good.status, good.header, nil}, reply{"no body and no type", good.status, nil, nil},
			reply{"another type", good.status, html, good.body}, reply{"HTML", good.status, html, []byte("<html>")},
			reply{"not JSON", good.status, good.header, good.body[:len(good.body)-1]})
		if bytes.ContainsAny(good.body[:1], "{[") {
			replies = append(replies, reply{"another kind of JSON", good.status, good.header, []byte(`"text"`)})
		}
	}
	return replies
}

var aCode = regexp.MustCompile(`^[1-9]\d{0,8}$`)

// mistyped says what an error does not tell of a response.
func (o *subject) mistyped(reply reply, err error) string {
	var e *signalwire.Error
	isUnexpected := errors.Is(err, signalwire.ErrUnexpectedResponse)
	switch {
	case !errors.As(err, &e):
		return fmt.Sprintf("a %T for %d %s: %v", err, reply.status, reply.body, err)
	case e.StatusCode != reply.status || e.Attempts != 1:
		return fmt.Sprintf("status %d and not %d, attempts %d", e.StatusCode, reply.status, e.Attempts)
	case !strings.HasPrefix(reply.what, "documented"):
		isSafe := slices.Contains([]string{"GET", "HEAD", "OPTIONS", "TRACE"}, o.method)
		if !isUnexpected || e.MaybeApplied == isSafe {
			return fmt.Sprintf("MaybeApplied is %t: %v", e.MaybeApplied, err)
		}
		return ""
	case reply.status < 400:
		return ""
	}
	object, _ := decode(reply.body).(map[string]any)
	if list, ok := object["errors"].([]any); ok && object["message"] == nil {
		if len(list) == 0 {
			return "" // It tells nothing.
		}
		if object, _ = list[0].(map[string]any); object == nil {
			object = map[string]any{"message": list[0]}
		}
	}
	message, code := object["message"], fmt.Sprint(object["code"])
	if len(reply.body) > 0 && isUnexpected || message != nil && e.Message != message || aCode.MatchString(code) && strconv.Itoa(e.Code) != code {
		return fmt.Sprintf("code %d, message %q for %s: %v", e.Code, e.Message, reply.body, err)
	}
	return ""
}
